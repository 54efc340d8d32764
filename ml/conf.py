"""The numbers that learning goes by, each with its unit and why it has that value; knows no table."""

from datetime import timedelta
from typing import Final

# --- What an act says about its post. The ratios follow the effort an act takes. ---
ACT_WEIGHTS: Final = {
    "like": 1.0,
    "bookmark": 1.5,
    "repost": 1.5,
    "comment": 1.5,
    "quote": 2.0,
    "more": 2.0,
    "follow": 0.6,  # spread over the person's newest posts, so that one follow does not outweigh a like
    "topic": 1.5,  # a topic one follows: it does not fade, for it still stands
    "not_interested": 1.0,
    "fewer_topic": 1.0,
}
ACTS_AT_MOST: Final = 300  # newest positive acts that count
FOLLOWED_AUTHORS_AT_MOST: Final = 30  # newest follows that count
POSTS_OF_FOLLOWED: Final = 4  # newest posts of each
HALF_LIFE: Final = timedelta(days=30)  # an act counts half after a month

# --- Interests ---
INTERESTS_AT_MOST: Final = 8
LEAST_STRENGTH: Final = 0.03  # what is less of all that one cares for is chance, beyond the first three
NEGATIVES_AT_MOST: Final = 6
CLUSTER_COSINE: Final = 0.06  # posts closer than this on average, less the site's middle, are one interest
SAME_TOPIC_BONUS: Final = 0.12  # sharing a topic brings two posts so much nearer; having different ones as much apart
SAME_INTEREST_COSINE: Final = 0.60  # an adjustment holds for interests this near to the one it was given for
WORDS_OF_INTEREST: Final = 4

# --- Topics ---
TOPIC_TEMPERATURE: Final = 0.05  # of the softmax over the cosines to the topics
TOPIC_SCORE: Final = 0.80  # probability from which a post is said to be about a topic

# --- Learning soon, and once ---
LEARN_AFTER: Final = 0.3  # seconds that quick acts are gathered before the interests are computed anew
FORGOTTEN_AFTER: Final = timedelta(seconds=10)  # a task queued longer ago than this is taken for lost

# --- Vectors ---
EMBED_BATCH: Final = 64  # posts a query reads and writes at once
SWEEP_AT_MOST: Final = 2000  # posts one sweep re-queues
EF_SEARCH: Final = 200  # pgvector: width of the HNSW search
SEARCH_FLOOR: Final = 0.25  # cosine below which a post is not about a query
