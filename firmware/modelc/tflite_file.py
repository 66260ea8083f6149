"""Writes small .tflite files, sound ones and unsound ones, without a converter."""

from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import tflite

_TYPES = {"float32": 0, "int32": 2, "int64": 4, "int16": 7, "int8": 9}
_OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SPLIT": "SplitOptions",
    "SOFTMAX": "SoftmaxOptions",
    "ADD": "AddOptions",
    "RESHAPE": "ReshapeOptions",
    "SQUEEZE": "SqueezeOptions",
    "EXPAND_DIMS": "ExpandDimsOptions",
    "SLICE": "SliceOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "QUANTIZE": "QuantizeOptions",
}


@dataclass
class TfliteFile:
    """A model under construction; `tensor` and `operator` give indices."""

    tensors: list[dict[str, Any]] = field(default_factory=list)
    operators: list[tuple[str, list[int], list[int], dict[str, Any]]] = field(default_factory=list)

    def tensor(
        self,
        shape: tuple[int, ...],
        scale: Any = 0.05,
        zero: Any = 0,
        data: np.ndarray | None = None,
        dtype: str = "int8",
        *,
        axis: int = 0,
        name: str | None = None,
    ) -> int:
        """An activation, or with data a constant; scale and zero may be arrays, or None for none."""
        name = f"tensor/{len(self.tensors)}" if name is None else name
        self.tensors.append(
            {"shape": shape, "scale": scale, "zero": zero, "data": data, "dtype": dtype, "axis": axis, "name": name}
        )
        return len(self.tensors) - 1

    def integers(self, values: Any, dtype: str = "int32") -> int:
        """A constant of indices or sizes."""
        data = np.array(values, dtype)
        return self.tensor(data.shape, None, None, data, dtype)

    def operator(self, kind: str, inputs: list[int], outputs: list[int], **options: Any) -> None:
        """Options are named as in the schema: StrideH, Padding, ..."""
        self.operators.append((kind, inputs, outputs, options))

    def bytes(self, inputs: list[int], outputs: list[int], names: tuple[list[str], list[str]] | None = None) -> bytes:
        """The flatbuffer; names of inputs and outputs make a signature."""
        b = flatbuffers.Builder(4096)
        buffers = [self._table(b, "Buffer")]
        tensors = []
        for spec in self.tensors:
            number = 0
            if spec["data"] is not None:
                data = b.CreateNumpyVector(np.frombuffer(np.ascontiguousarray(spec["data"]).tobytes(), np.uint8))
                number = len(buffers)
                buffers.append(self._table(b, "Buffer", Data=data))
            name, shape, quantization = b.CreateString(spec["name"]), self._ints(b, spec["shape"]), None
            if spec["scale"] is not None:
                scale = b.CreateNumpyVector(np.atleast_1d(np.asarray(spec["scale"], np.float32)))
                zeros = np.broadcast_to(np.asarray(spec["zero"], np.int64), np.atleast_1d(spec["scale"]).shape)
                quantization = self._table(
                    b,
                    "QuantizationParameters",
                    Scale=scale,
                    ZeroPoint=b.CreateNumpyVector(np.ascontiguousarray(zeros)),
                    QuantizedDimension=spec["axis"],
                )
            fields = {"Shape": shape, "Type": _TYPES[spec["dtype"]], "Buffer": number, "Name": name}
            if quantization is not None:
                fields["Quantization"] = quantization
            tensors.append(self._table(b, "Tensor", **fields))
        kinds = sorted({kind for kind, *_ in self.operators})
        codes = []
        for kind in kinds:
            number = getattr(tflite.BuiltinOperator, kind)
            codes.append(
                self._table(b, "OperatorCode", DeprecatedBuiltinCode=min(number, 127), BuiltinCode=number, Version=1)
            )
        operators = []
        for kind, ins, outs, options in self.operators:
            fields = {"OpcodeIndex": kinds.index(kind), "Inputs": self._ints(b, ins), "Outputs": self._ints(b, outs)}
            if kind in _OPTIONS:
                fields["BuiltinOptions"] = self._table(b, _OPTIONS[kind], **options)
                fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, _OPTIONS[kind])
            operators.append(self._table(b, "Operator", **fields))
        subgraph = self._table(
            b,
            "SubGraph",
            Tensors=self._tables(b, tensors),
            Inputs=self._ints(b, inputs),
            Outputs=self._ints(b, outputs),
            Operators=self._tables(b, operators),
        )
        fields = {
            "Version": 3,
            "OperatorCodes": self._tables(b, codes),
            "Subgraphs": self._tables(b, [subgraph]),
            "Buffers": self._tables(b, buffers),
        }
        if names is not None:
            key = b.CreateString("serving_default")
            ends = [
                self._tables(
                    b,
                    [
                        self._table(b, "TensorMap", Name=b.CreateString(name), TensorIndex=index)
                        for name, index in zip(given, indices, strict=True)
                    ],
                )
                for given, indices in zip(names, (inputs, outputs), strict=True)
            ]
            signature = self._table(b, "SignatureDef", Inputs=ends[0], Outputs=ends[1], SignatureKey=key)
            fields["SignatureDefs"] = self._tables(b, [signature])
        b.Finish(self._table(b, "Model", **fields), file_identifier=b"TFL3")
        return bytes(b.Output())

    @staticmethod
    def _table(b: flatbuffers.Builder, table: str, **fields: Any) -> int:
        getattr(tflite, f"{table}Start")(b)
        for name, value in fields.items():
            getattr(tflite, f"{table}Add{name}")(b, value)
        return getattr(tflite, f"{table}End")(b)

    @staticmethod
    def _ints(b: flatbuffers.Builder, values: Any) -> int:
        return b.CreateNumpyVector(np.array(values, np.int32))

    @staticmethod
    def _tables(b: flatbuffers.Builder, offsets: list[int]) -> int:
        b.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            b.PrependUOffsetTRelative(offset)
        return b.EndVector()
