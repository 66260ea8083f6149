"""INT8 kernels in C, the engine's seam (engine.h), and their benchmark (python -m firmware.nn.bench)."""
