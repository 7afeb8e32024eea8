"""Labelers that write: what their model is given, what it learns from that, and several tasks in one."""
