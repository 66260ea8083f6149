"""The measure of the engine: exact instruction counts, memory and results of networks on emulated boards.

`python -m firmware.bench MODEL.tflite --board NAME` is the command. `image` builds one bare image of any number of
networks and runs it in QEMU, `measure` asks it for the figures of one, `cycles` estimates Cortex-M4 cycles from the
executed instruction mix, `frontend` counts the front end, `requantization` the cost of an output, `asr_shape` writes
the random network of the speech recogniser's shape, and `report` renders firmware/nn/PERFORMANCE.md.
"""
