"""Earshot: the image, and what turns a .tflite into it."""
