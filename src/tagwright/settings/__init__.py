"""Settings of any kind as one checked model; from TOML and back."""
