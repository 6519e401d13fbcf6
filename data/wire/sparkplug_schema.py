"""The messages of Sparkplug B, made from the standard's field numbers: no generated module is needed.

Data sets, templates and properties stand in the metric as bytes (the wire form is the same), so that
the many messages without them cost nothing; `sparkplug_nested` reads them with their own messages.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_MESSAGE = descriptor_pb2.DescriptorProto
_PACKAGE = "taktwise.sparkplug"
_KINDS = {
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "uint32": _FIELD.TYPE_UINT32,
    "uint64": _FIELD.TYPE_UINT64,
    "float": _FIELD.TYPE_FLOAT,
    "double": _FIELD.TYPE_DOUBLE,
    "bool": _FIELD.TYPE_BOOL,
}
_PLAIN = (
    ("int_value", "uint32"),
    ("long_value", "uint64"),
    ("float_value", "float"),
    ("double_value", "double"),
    ("boolean_value", "bool"),
    ("string_value", "string"),
)


def _add(message: _MESSAGE, name: str, number: int, kind: str, *, many: bool = False) -> _FIELD:
    """A field; `kind` that is no plain type names a message of this package."""
    label = _FIELD.LABEL_REPEATED if many else _FIELD.LABEL_OPTIONAL
    field = message.field.add(name=name, number=number, label=label)
    if kind in _KINDS:
        field.type = _KINDS[kind]
    else:
        field.type = _FIELD.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
    return field


def _one_of(message: _MESSAGE, first: int, fields: Iterable[tuple[str, str]]) -> None:
    """Fields of which one is set, numbered from `first` on."""
    message.oneof_decl.add(name="value")
    for number, (name, kind) in enumerate(fields, first):
        _add(message, name, number, kind).oneof_index = 0


def _metric(message: _MESSAGE) -> None:
    _add(message, "name", 1, "string")
    _add(message, "alias", 2, "uint64")
    _add(message, "timestamp", 3, "uint64")
    _add(message, "datatype", 4, "uint32")
    _add(message, "is_historical", 5, "bool")
    _add(message, "is_transient", 6, "bool")
    _add(message, "is_null", 7, "bool")
    _add(message, "properties", 9, "bytes")
    nested = [("bytes_value", "bytes"), ("dataset_value", "bytes"), ("template_value", "bytes")]
    _one_of(message, 10, [*_PLAIN, *nested, ("extension_value", "bytes")])


def _payload(message: _MESSAGE) -> None:
    _add(message, "timestamp", 1, "uint64")
    _add(message, "metrics", 2, "Metric", many=True)
    _add(message, "seq", 3, "uint64")
    _add(message, "uuid", 4, "string")
    _add(message, "body", 5, "bytes")


def _data_set(element: _MESSAGE, row: _MESSAGE, message: _MESSAGE) -> None:
    _one_of(element, 1, [*_PLAIN, ("extension_value", "bytes")])
    _add(row, "elements", 1, "Element", many=True)
    _add(message, "num_of_columns", 1, "uint64")
    _add(message, "columns", 2, "string", many=True)
    _add(message, "types", 3, "uint32", many=True)
    _add(message, "rows", 4, "Row", many=True)


def _template(message: _MESSAGE) -> None:
    _add(message, "version", 1, "string")
    _add(message, "metrics", 2, "Metric", many=True)
    _add(message, "parameters", 3, "bytes", many=True)
    _add(message, "template_ref", 4, "string")
    _add(message, "is_definition", 5, "bool")


def _properties(value: _MESSAGE, message: _MESSAGE) -> None:
    _add(value, "type", 1, "uint32")
    _add(value, "is_null", 2, "bool")
    _one_of(value, 3, [*_PLAIN, ("propertyset_value", "bytes"), ("propertysets_value", "bytes")])
    _add(message, "keys", 1, "string", many=True)
    _add(message, "values", 2, "Property", many=True)


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="taktwise/sparkplug.proto", package=_PACKAGE)
    file.syntax = "proto2"
    names = ("Metric", "Payload", "Element", "Row", "DataSet", "Template", "Property", "Properties")
    made = {name: file.message_type.add(name=name) for name in names}
    _metric(made["Metric"])
    _payload(made["Payload"])
    _data_set(made["Element"], made["Row"], made["DataSet"])
    _template(made["Template"])
    _properties(made["Property"], made["Properties"])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    find = pool.FindMessageTypeByName
    return {name: message_factory.GetMessageClass(find(f"{_PACKAGE}.{name}")) for name in names}


_MADE = _classes()
PAYLOAD, DATA_SET, TEMPLATE = _MADE["Payload"], _MADE["DataSet"], _MADE["Template"]
PROPERTIES = _MADE["Properties"]
