"""The server and its page: photographs analysed over HTTP by one model that is loaded once."""
