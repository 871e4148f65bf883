"""`python -m deskstream_service ROLE`: the service that this image holds, in one of its roles.

An image's entry point has no shell, so it cannot spell the name of its package itself.
"""

import os
import runpy

if __name__ == "__main__":
    runpy.run_module(os.environ["DESKSTREAM_SERVICE"].replace("-", "_"), run_name="__main__", alter_sys=True)
