"""Tunings by small weights put on a backbone that stays as it is, all through peft."""
