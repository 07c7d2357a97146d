"""A small library that a course searches."""

from app.agent.ports import Hit, PageReply, SearchReply

QUERY = "Why did the Tacoma Narrows bridge collapse?"


PAGES = {
    "https://example.org/tacoma": "The Tacoma Narrows bridge collapsed on 7 November 1940. "
    "It collapsed because wind of 64 km/h made its deck twist until the hangers broke. "
    "Nobody died except a dog.",
    "https://example.org/aeroelastic": "Aeroelastic flutter made the Tacoma Narrows bridge collapse. "
    "The deck had solid plate girders that caught the wind.",
    "https://example.org/paris": "Paris is the capital of France. It has two million inhabitants.",
}


WORDS = {url: set(text.lower().replace(".", " ").split()) for url, text in PAGES.items()}


class Library:
    """Find the pages that share a four-letter word with the query."""

    name, scope = "library", "web"

    def __init__(self):
        self.searches, self.reads = [], []

    async def search(self, query, limit, **_):
        self.searches.append(query)
        wanted = {word for word in query.lower().replace("?", "").split() if len(word) > 3}
        hits = [
            Hit(url, url.rpartition("/")[2], PAGES[url][:60], 0.5) for url in PAGES if wanted & WORDS[url]
        ]
        return SearchReply(tuple(hits[:limit]))

    async def read(self, url):
        self.reads.append(url)
        return PageReply(PAGES[url])
