"""Opens an ONNX file on one thread: whatever scores shares the machine with everything else."""

from pathlib import Path

import onnxruntime

from domain.errors import SettingsError

BATCH = 1_024


def open_session(path: Path) -> onnxruntime.InferenceSession:
    """A session on one thread: the scorer shares the machine with everything else."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise SettingsError(f"{path} is no model that can be run: {error}") from error
