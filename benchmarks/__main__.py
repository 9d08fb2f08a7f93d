"""Prints every figure: `name value unit`, one a line."""

from benchmarks import engine, pages, sync

if __name__ == "__main__":
    engine.main()
    pages.main()
    sync.main()
