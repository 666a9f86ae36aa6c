"""`python -m gf_standalone`."""

import sys

from gf_standalone.binaries import PostgresError
from gf_standalone.settings import StartRefused, read


def main() -> int:
    try:
        from gf_standalone.programme import run

        return run(read())
    except (StartRefused, PostgresError) as refused:
        print(f"无法启动：{refused}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
