#!/usr/bin/env bash
# Makes every sample capture anew.
set -euo pipefail
cd "$(dirname "$0")"
for script in *.sh; do
  case $script in all.sh | network.sh) continue ;; esac
  echo "$script"
  "./$script" >/dev/null
done
