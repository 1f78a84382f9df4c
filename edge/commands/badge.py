"""`hub badge`: draws the text of a new badge, to be printed as a Code 128, and what the config holds of it."""

import argparse
import secrets
from collections.abc import Sequence
from typing import get_args

from edge.commands import EXIT_OK
from hub_config.badges import BADGE_LETTERS, Role, badge_digest
from hub_config.layout import BARCODE_LETTERS, BARCODE_PREFIX


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="hub badge", description=__doc__)
    parser.add_argument("--role", choices=get_args(Role), default="customs", help="whose staff its holder is")
    args = parser.parse_args(argv)
    text = BARCODE_PREFIX + "".join(secrets.choice(BARCODE_LETTERS) for _ in range(BADGE_LETTERS))
    print(f"{text}\n\nPrint it on the badge; it is not kept. Put this into the hub config:\n")
    print(f'[[badges]]\ndigest = "{badge_digest(text)}"\nrole = "{args.role}"')
    return EXIT_OK
