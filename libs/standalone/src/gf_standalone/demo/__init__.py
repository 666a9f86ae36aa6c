"""The demo's story and data: told through the public APIs, like anybody would."""
