#!/usr/bin/env bash
# Publish the release of a commit: a draft with its files and notes first, since an immutable release cannot be changed.
#
# Usage: publish.sh VERSION COMMIT IMAGE DIGEST FILE... A draft that an earlier attempt left is replaced.
set -euo pipefail

version=$1 commit=$2 image=$3 digest=$4
shift 4
tag=v$version
branch=release-$version
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT

write_notes() {
  # The section of this version, without its heading.
  awk -v heading="## $version - " 'index($0, "## ") == 1 { inside = index($0, heading) == 1; next } inside' CHANGELOG.md
  cat <<END
### Image

\`$image@$digest\`, for amd64 and arm64; \`action.yml\` of this release names it by this digest. Verify where it was built:

\`\`\`sh
gh attestation verify oci://$image@$digest --repo $GITHUB_REPOSITORY \\
  --signer-workflow $GITHUB_REPOSITORY/.github/workflows/release.yml
gh release verify $tag --repo $GITHUB_REPOSITORY
\`\`\`

To use exactly this release: \`uses: $GITHUB_REPOSITORY@$commit # $tag\`
END
}

publish() {
  write_notes >"$notes"
  # GitHub makes a release only of a commit that it has. The release's tag holds the commit afterwards.
  git push --quiet --force origin "$commit:refs/heads/$branch"
  [[ $is_draft != true ]] || gh release delete "$tag" --yes
  gh release create "$tag" --draft --target "$commit" --title "$tag" --notes-file "$notes" "$@"
  gh release edit "$tag" --draft=false
}

is_draft=$(gh release view "$tag" --json isDraft --jq .isDraft 2>/dev/null) || true
# An earlier attempt of this job may have published it.
[[ $is_draft == false ]] || publish "$@"
if [[ -n $(git ls-remote origin "refs/heads/$branch") ]]; then git push --quiet origin --delete "$branch"; fi

tagged=$(git ls-remote --tags origin "refs/tags/$tag" | cut --fields 1)
[[ $tagged == "$commit" ]] || { echo "$tag is at '$tagged', not at the release commit $commit" >&2; exit 1; }
