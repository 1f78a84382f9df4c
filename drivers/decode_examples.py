"""Frames as the manuals print them, one or more a protocol: what a whole one looks like, for `decode_refused.py`.

Each branch of a layout is in one of them (a comparator, an address, a status instead of a weight): what begins like the
one and ends like another is a frame too, and the driver says whether it is.
"""

from collections.abc import Mapping
from typing import Final

_AND: Final = (
    b"ST,+00001.27  g\r\n", b"ST,OK,+0001.234 kg\r\n", b"QT,+00001234 PC\r\n", b"OL,+9999999E+19\r\n",
    b"TR,+0000.500 kg\r\n", b"UW,+00001.25  g\r\n", b"EC,E1\r\n", b"\x06\r\n",
)  # fmt: skip
_DINI: Final = (
    b"ST,GS,     0.0,kg\r\n", b"01US,NT,  -12.34,kg\r\n", b"OL,GX,   150.2,kg\r\n", b"ST,VL,  123456,vv\r\n",
)  # fmt: skip
_TOLEDO: Final = (b"\x0212.345\r", b"\x0207.005N\r", b"\x02?A\r", b"\x02E\r")

EXAMPLES: Final[Mapping[str, tuple[bytes, ...]]] = {
    "mt-sics": (
        b"S S     100.00 g\r\n", b"S D    -0.6800 kg\r\n", b"TA A     2.486 g\r\n", b"T S      2.486 g\r\n",
        b"TI D     2.486 g\r\n", b"ZI S\r\n", b"TAC A\r\n", b'I4 A "1126493049"\r\n', b'I0 B 0 "I0"\r\n', b"ES\r\n",
    ),
    "toledo-8217": _TOLEDO,
    "toledo-8217-benchpro": _TOLEDO,
    "mt-continuous": (b"\x02-0 001234000000\r",),
    "mt-continuous-short": (b"\x02-0 001234\r",),
    "and-standard": _AND,
    "and-rs485": tuple(b"@23" + frame for frame in _AND),
    "and-csv": (b"ST,+0001.278, ct\r\n", b"OL,+9999999E+19, ct\r\n", b"QT,+00000012, PC\r\n", b"ST;+0001,278; kg\r\n"),
    "and-nu": (b"+00001.27\r\n", b"+9999999E+19\r\n"),
    "and-mt": (b"S       1.27 g\r\n", b"SD     -1.27 kg\r\n", b"SI+\r\n"),
    "and-dp": (b"WT     +1.27   g\r\n",),
    "and-18": (b"ST,GS,+  4.876kg\r\n", b"US,NT,- 12.340kg\r\n", b"OL,TR,+  0.500kg\r\n"),
    "ohaus": (b"        0.00 g     \r\n", b"       -0.211 kg ? NET\r\n", b"           3 PCS  ?\r\n", b"ES\r\n"),
    "sartorius-sbi": (
        b"N     +   0.1234 g  \r\n", b"G     -   9.9999    \r\n", b"+      253 pcs\r\n", b"      High    \r\n",
        b"      --      \r\n", b"   Err  54    \r\n", b"Stat       OFF      \r\n",
    ),
    "cas-22": (b"ST,GS,1\xc4,000013.5 kg\r\n", b"US,NT,1\x82,   -07.5  t\r\n", b"OL,GS,2\x84,         kg\r\n"),
    "cas-10": (b"000013.5\r\n", b"   -13.5\r\n"),
    "sma": (
        b"\n 1G       5.025lb \r", b"\nZ1NM     -0.020kg \r", b"\nE1T  ----------   \r", b"\n    \r", b"\nSMA:2/1.0\r",
        b"\n?\r",
    ),
    "nci": (b"\n0012.34lb\r\n00\r\x03", b"\n-01.250KG\r\nS10p4\r\x03", b"\nS02\r\x03", b"\n?\r\x03"),
    "ricelake-stream": (b"\x02   12.50KG \r\n", b"\x02-   0.45LNM\r"),
    "cardinal-stream": (b"\r+012.50  kg g  \x03", b"\r-012.50m lb n  \x03"),
    "wi-stream": (b" G+012.50 lb\r\n", b" N-012.50 kg\r\n"),
    "dini": _DINI,
    "dini-af": (
        b"ST,1,      12.5kg,PT       2.0kg\r\n", b"01US,1,     -12.5kg,         2.0kg,00123-000456\r\n",
    ),
    "radwag": (b"S         1.250 kg \r\n", b"SI  ?-    1.250 kg \r\n", b"S A\r\n"),
    "hid-scale": (b"\x03\x04\x02\x00\x14\x00", b"\x03\x05\x02\x00\x00\x00"),
    "cubiscan": (
        b"\x02MAC004600,L020.0,W010.0,H030.0,M,K500.50,D510.50,M,F0010,I\x03\r\n", b"\x02MNCZ\x03\r\n",
        b"\x02UAMMI0010004600\x03\r\n", b"\x02TA42\x03\r\n",
    ),
    "sick-mda": (
        b"\x020145;1JVGL0012345;000081212;g;0;0321;0150;0087;mm;0000;4189050\x03",
        b"\x020146;NoRead;000001250;g;1;0300;0200;0100;mm;0001;6000000\x03",
    ),
    "datalogic": (b"\x020027110002054872,?,0467\r\n", b"\x02???????\r\n"),
    "sick-read": (b"\x02JVGL0999999990\x03",),
    "sick-cola-a": (b"\x02sWN EIgate C0 A8 00 01\x03", b"\x02sAN mTCgateon 1\x03"),
    "upu-s10": (b"RA473124829GB",),
    "upu-s9": (b"CNHGHAMYKULAACN60123004100123",),
    "upu-s8": (b"CNHGHAMYKULAACN60123",),
    "ups-1z": (b"1Z5R89390357567127",),
    "fedex-12": (b"986578788855",),
    "fedex-34": (b"1001921334250001000300779017972697",),
    "fedex-96-34": (b"9622001900000000000000776632517510",),
    "fedex-96-22": (b"9611020987654312345672",),
    "fedex-ground-15": (b"041441760228964",),
    "dhl-express": (b"3318810025", b"73891051146"),
    "dhl-piece": (b"JJD0099999999", b"JVGL0999999990"),
    "dhl-ecommerce": (b"GM295117494011169042",),
    "yunexpress": (b"YT2229521272164446",),
    "dpd-28": (b"008182709980000020033350276C",),
    "usps-impb": (b"420787459400111206206406260787", b"9400111206206406260787"),
    "sscc": (b"006141411234567890",),
    "gtin-14": (b"12312312312333",),
    "gtin-13": (b"2112345678900",),
    "gtin-12": (b"614141123452",),
    "gtin-8": (b"02345673",),
    "iata-awb": (b"23212345675",),
    "iata-label": (b"2321234567500001",),
}  # fmt: skip
"""By the names of `hub decode`."""
