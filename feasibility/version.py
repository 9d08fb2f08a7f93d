"""The version of the arithmetic, stored beside every verdict."""

ENGINE_VERSION = "1.0.0"
