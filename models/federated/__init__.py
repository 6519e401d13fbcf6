"""One failure model of several plants whose data stay where they are.

`shared` is what leaves a plant and how it is put together, `train` both sides of the talk (torch),
`node` and `server` the two sides over Flower, `compare` the same with local and with pooled training.
"""
