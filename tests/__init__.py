"""Let the collector look as seldom as in a server.

See `app.process_memory.settle`. It took a quarter of an import's time, to look through what stays.
"""

import gc

gc.set_threshold(50_000, 20, 20)
