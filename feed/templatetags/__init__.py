"""Words the templates use: pictures, faces, times and counts. They ask no questions of the tables."""
