"""Speed and quality, beside peers. A package of its own, because `implicit` brings a module of the same name."""
