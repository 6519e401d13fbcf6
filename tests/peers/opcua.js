// An OPC UA server made with the npm package node-opcua. Commands come as JSON lines on standard input,
// what happens goes as JSON lines to standard output. It listens on 127.0.0.1 only.
'use strict'
const path = require('path')
const readline = require('readline')
const opcua = require('node-opcua')

const config = JSON.parse(process.argv[2])
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n')
const nodes = {}

async function main() {
  const certificates = new opcua.OPCUACertificateManager({
    rootFolder: path.join(config.folder, 'pki'),
    automaticallyAcceptUnknownCertificate: true
  })
  await certificates.initialize()
  const server = new opcua.OPCUAServer({
    host: '127.0.0.1',
    hostname: '127.0.0.1',
    port: config.port,
    serverCertificateManager: certificates,
    userCertificateManager: certificates,
    securityPolicies: [opcua.SecurityPolicy.Basic256Sha256],
    securityModes: [opcua.MessageSecurityMode.SignAndEncrypt],
    allowAnonymous: false,
    userManager: { isValidUser: (user, password) => user === config.user && password === config.password }
  })
  await server.initialize()
  const space = server.engine.addressSpace.registerNamespace('urn:taktwise:peer')
  const press = space.addObject({ organizedBy: server.engine.addressSpace.rootFolder.objects, browseName: 'Press' })
  for (const [name, dataType, value] of config.variables) {
    nodes[name] = space.addVariable({ componentOf: press, nodeId: 's=' + name, browseName: name, dataType })
    nodes[name].setValueFromSource({ dataType, value })
  }
  await server.start()
  say({ event: 'started', certificate: server.certificateFile, pid: process.pid })
  readline.createInterface({ input: process.stdin }).on('line', async (line) => {
    const command = JSON.parse(line)
    if (command.act === 'write') {
      for (const [name, dataType, value, ms] of command.values) {
        const bad = value === null
        const status = bad ? opcua.StatusCodes.BadSensorFailure : opcua.StatusCodes.Good
        nodes[name].setValueFromSource({ dataType, value: bad ? 0 : value }, status, new Date(ms))
      }
    }
    if (command.act === 'stop') await server.shutdown(0)
    say({ event: 'done' })
    if (command.act === 'stop') process.exit(0)
  })
}

main().catch((error) => {
  say({ event: 'failed', why: String(error.stack || error) })
  process.exit(1)
})
