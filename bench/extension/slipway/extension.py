from slipway.extension import Extension, Variable, port, text

EXTENSION = Extension(
    title="Bench",
    variables=[
        Variable("BENCH_PORT", port, default="8200", meaning="Where the first one listens."),
        Variable("BENCH_WORD", text, default="", meaning="What they are given.", secret=True),
    ],
)
