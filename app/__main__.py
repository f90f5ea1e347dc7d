"""`python -m app` is `tallylight`."""

from app.cli import main

if __name__ == "__main__":
    main()
