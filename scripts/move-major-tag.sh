#!/bin/sh
# Moves the major tag (v1) to a release (v1.4.2), here and at origin: `move-major-tag.sh v1.4.2`.
# A tag that is no plain release (v1.4.2-rc.1) moves nothing, and neither does one that is older than another release of
# the same major version. The release must bear the version of package.json.
set -eu

tag=$1
if ! printf '%s\n' "$tag" | grep -Eqx 'v[0-9]+\.[0-9]+\.[0-9]+'; then
  echo "$tag is no plain release: nothing to move."
  exit 0
fi
commit=$(git rev-parse --verify --quiet "refs/tags/$tag^{commit}") || {
  echo "There is no tag $tag." >&2
  exit 1
}
major=${tag%%.*}
version=$(git show "$commit:package.json" | sed -n 's/^  "version": "\(.*\)",$/\1/p')
if [ "v$version" != "$tag" ]; then
  echo "package.json says $version, the tag $tag: they must agree." >&2
  exit 1
fi
newest=$(git tag --list "$major.*" | grep -Ex 'v[0-9]+\.[0-9]+\.[0-9]+' | sort -V | tail -n 1)
if [ "$newest" != "$tag" ]; then
  echo "$newest is newer than $tag: $major stays."
  exit 0
fi
git tag --force "$major" "$commit"
git push --force origin "refs/tags/$major"
echo "$major is $tag now."
