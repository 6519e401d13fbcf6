// An edge node made with the npm package sparkplug-client. Commands come as JSON lines on standard
// input, what happens goes as JSON lines to standard output.
'use strict'
const readline = require('readline')
const sparkplug = require('sparkplug-client')

const config = JSON.parse(process.argv[2])
const device = config.device
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n')

// name, alias, type, value at step n
const METRICS = [
  ['temperature', 1, 'Double', (n) => 20 + n / 8],
  ['good_count', 2, 'UInt32', (n) => n],
  ['load', 3, 'Int16', (n) => n % 100],
  ['offset', 4, 'Int32', (n) => -n],
  ['total', 5, 'Int64', (n) => 3000000000 + n],
  ['door_open', 6, 'Boolean', (n) => n % 2 === 0],
  ['flow', 7, 'Float', (n) => n / 4]
]

const client = sparkplug.newClient({
  serverUrl: config.url,
  username: config.username,
  password: config.password,
  groupId: config.group,
  edgeNode: config.node,
  clientId: config.clientId,
  version: 'spBv1.0',
  keepalive: 20,
  publishDeath: true
})

function metric([name, alias, type, value], n, ms, how) {
  const made = { type, value: value(n), timestamp: ms }
  if (how !== 'alias') made.name = name
  if (how !== 'name') made.alias = alias
  return made
}

function births(n, ms) {
  client.publishNodeBirth({
    timestamp: ms,
    metrics: [
      { name: 'Node Control/Rebirth', type: 'Boolean', value: false, timestamp: ms },
      { name: 'cabinet', type: 'Double', value: 31.5, timestamp: ms, alias: 90 }
    ]
  })
  const recipe = {
    isDefinition: false,
    templateRef: 'recipe',
    metrics: [
      { name: 'speed', type: 'Int32', value: -7, timestamp: ms },
      { name: 'width', type: 'Double', value: 2.5, timestamp: ms }
    ]
  }
  const shift = {
    numOfColumns: 2,
    types: ['UInt32', 'String'],
    columns: ['parts', 'note'],
    rows: [[12, 'early']]
  }
  const table = { ...shift, rows: [[1, 'a'], [2, 'b']] }
  client.publishDeviceBirth(device, {
    timestamp: ms,
    metrics: [
      ...METRICS.map((found) => metric(found, n, ms, 'both')),
      { name: 'recipe', alias: 20, type: 'Template', value: recipe, timestamp: ms },
      { name: 'shift', alias: 21, type: 'DataSet', value: shift, timestamp: ms },
      { name: 'table', alias: 22, type: 'DataSet', value: table, timestamp: ms }
    ]
  })
}

const ACTS = {
  births: ({ n, ms }) => births(n, ms),
  data: ({ from, to, ms, step, how, compress }) => {
    for (let n = from; n < to; n++) {
      const at = ms + (n - from) * step
      const metrics = METRICS.map((found) => metric(found, n, at, how))
      client.publishDeviceData(device, { timestamp: at, metrics }, compress ? { compress: true } : undefined)
    }
  },
  ddeath: ({ ms }) => client.publishDeviceDeath(device, { timestamp: ms })
}

let last = { n: 0, ms: 0 }
client.on('connect', () => say({ event: 'connect' }))
client.on('ncmd', (payload) => {
  const asked = (payload.metrics || []).some((m) => m.name === 'Node Control/Rebirth' && m.value === true)
  if (asked) births(last.n, Date.now())
  say({ event: asked ? 'rebirth' : 'ncmd' })
})
client.on('error', (error) => say({ event: 'error', text: String(error) }))
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const act = JSON.parse(line)
  last = { n: act.to === undefined ? act.n || 0 : act.to, ms: act.ms }
  ACTS[act.act](act)
  say({ event: 'done', act: act.act })
}).on('close', () => process.exit(0))
