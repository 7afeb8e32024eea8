"""Files in and out: every kind of labelled file to documents and back. Never loads torch."""

from tagwright.io.files import FILES, Detection, convert, detect_kind, read, scan, write
from tagwright.io.kind import FileKind, FileOptions

__all__ = ["FILES", "Detection", "FileKind", "FileOptions", "convert", "detect_kind", "read", "scan", "write"]
