"""The paper's numbers as data, and its tables and figures made again beside them."""
