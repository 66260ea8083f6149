"""Puts an image onto a board: SparkFun's serial boot loader by ourselves, a debug probe through pyocd, or a command."""
