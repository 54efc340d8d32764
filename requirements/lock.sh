#!/usr/bin/env bash
# Pins base.txt and dev.txt from the .in files, without addresses of any index, so that a lock works everywhere.
# A local build's suffix is cut off (torch has one for each kind of processor); what a build adds for graphics cards
# is left out, because pip finds it by itself where it is needed.
set -euo pipefail
cd "$(dirname "$0")"
for name in base dev; do
    ../.venv/bin/python -m piptools compile --quiet --upgrade --allow-unsafe --strip-extras --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file "$name.new" "$name.in"
    {
        echo "# Every version the site was tested with. Made by \`make lock\` from $name.in; do not edit."
        sed -E '/^(nvidia-|cuda-|triton)/d; s/^(torch==[0-9.]+)\+[a-z0-9.]+/\1/; /^-/d; /^#/d; /^$/d' "$name.new"
    } > "$name.txt"
    rm "$name.new"
done
