"""The figures of the pages, generated from results/.

    python -m benchmarks.documented            # rewrite every block of README.md and docs/
    python -m benchmarks.documented --check    # name the pages that are stale; exit code 1 if there are any

A block stands between `<!-- from NAME -->` and `<!-- end -->`. Its name is a file of results/, and a part of
the page where a file makes several blocks. `pages.py` lists the blocks of each page. A block is made by a
function that turns rows into Markdown lines. No experiment runs here.
"""
