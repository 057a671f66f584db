# Joins what ops-fan-out parted. Read by ops-fan-in, with $joining: the commit in which the branch waits.
# shellcheck shell=sh
children=$(br_children "$AYNIG_BRANCH" "$joining")
ops_part body "$AYNIG_COMMIT_HASH" >"$ops_work/woken"
soon=$(br_until 5)
late=$(br_until 60)

# is_merged <commit>: whether a person has merged a job by hand: nothing else brings one in before it is done.
is_merged() { br_git merge-base --is-ancestor "$1" "$AYNIG_COMMIT_HASH"; }

back_to_joining() {
  {
    printf 'Not ended yet:\n\n'
    awk '{ print $1 ":", ($3 == "working" ? "at work on " $4 : $3) }' "$ops_work/open" | sed 's/^/  /'
    printf '\nThis branch goes on when all of these have ended:\n\n'
    # shellcheck disable=SC2086 # no branch has a space in its name, nor a character that the shell would expand
    printf -- '- %s\n' $children
    printf "\nTo join them now, or when one of them is stuck:\n  git commit --allow-empty -m 'Join' -m 'aynig-state: ops-fan-in'\n"
  } >"$ops_work/body"
  ops_advance ops-joining "Waiting for $(br_jobs "$(wc -l <"$ops_work/open")")" "$ops_work/body" "$(ops_carried "$joining")"
  exit 0
}

# Children that have still to publish what they made are waited for. Those that the request lists do not wait for us, and
# hold what they need to end. Others may be waiting for us to go back: not for longer than a moment.
while :; do
  # shellcheck disable=SC2086 # as above
  br_branches "$ops_work/there" $children || { ops_say 'the jobs could not be read' && exit 1; }
  br_states "$ops_work/there" >"$ops_work/states"
  awk '$3 !~ /^(done|failed|cancelled)$/' "$ops_work/states" >"$ops_work/unended"
  : >"$ops_work/open"
  while read -r branch tip state origin; do
    [ "$state" != working ] && is_merged "$tip" || echo "$branch $tip $state $origin" >>"$ops_work/open"
  done <"$ops_work/unended"
  [ -s "$ops_work/open" ] || break
  [ -z "$(br_open "$ops_work/open")" ] || back_to_joining
  limit=$late
  while read -r branch tip _; do
    grep -qxF -e "- $branch $tip" "$ops_work/woken" || limit=$soon
  done <"$ops_work/open"
  [ "$(date +%s)" -lt "$limit" ] || back_to_joining
  br_pause
  [ -z "${AYNIG_REMOTE-}" ] || sleep 1
done

merging=yes
[ "$(ops_trailer "$joining" aynig-fan-merge)" != no ] || merging=no
: >"$ops_work/table"
: >"$ops_work/conflicts"
total=0 good=0 merged=0
for branch in $children; do
  total=$((total + 1))
  read -r tip state <<line
$(awk -v branch="$branch" '$1 == branch { print $2, $3; found = 1 } END { if (!found) print "- gone" }' "$ops_work/states")
line
  became=left
  if [ "$state" = "done" ]; then
    good=$((good + 1))
    if [ "$merging" = no ]; then
      became='not merged, as asked'
    elif br_git merge --quiet --no-ff --no-edit --no-verify --no-rerere-autoupdate -m "Join $branch" "$tip" >"$ops_work/merge" 2>&1; then
      became=merged
      merged=$((merged + 1))
    else
      cat "$ops_work/merge" >&2
      became=conflict
      {
        printf '%s:\n' "$branch"
        git -c core.quotePath=true diff --name-only --diff-filter=U | sed -n '1,20s/^/  /p'
      } >>"$ops_work/conflicts"
      br_git merge --abort || br_git reset --quiet --hard HEAD
    fi
  elif [ "$tip" != - ] && is_merged "$tip"; then
    good=$((good + 1)) merged=$((merged + 1))
    became='merged by hand'
  fi
  printf '| %s | %s | %.12s | %s |\n' "$branch" "$state" "$tip" "$became" >>"$ops_work/table"
done
[ -z "$(git status --porcelain)" ] || { ops_say 'the working tree is not clean after the merges' && exit 1; }

failed=$((total - good))
on_failure=$(ops_trailer "$joining" aynig-next-on-failure)
{
  printf '| branch | outcome | commit | here |\n|---|---|---|---|\n'
  cat "$ops_work/table"
  [ ! -s "$ops_work/conflicts" ] || { printf '\nIn conflict, and not merged:\n' && cat "$ops_work/conflicts"; }
  # A job that fanned out itself ends with this.
  if [ "$on_failure" != ops-fan-in ] && { [ "$failed" -gt 0 ] || [ -s "$ops_work/conflicts" ]; }; then
    printf '\nTo go on, ask for ops-retry on the branch of a job that failed, or mend it there and merge it here with git merge, and so\n'
    printf 'with one in conflict. Then join them anew on %s; what is merged stays:\n' "$AYNIG_BRANCH"
    printf "  git commit --allow-empty -m 'Join' -m 'aynig-state: ops-fan-in'\n"
  fi
} >"$ops_work/body"
title="Joined $(br_jobs "$total"): $good done, $failed failed, $merged merged"
carried=$(ops_carried "$joining" aynig-fan-then aynig-fan-merge aynig-next-on-failure aynig-outcome aynig-joined)
if [ "$failed" -gt 0 ] || [ -s "$ops_work/conflicts" ]; then
  ops_advance "${on_failure:-failed}" "$title" "$ops_work/body" "$carried" "aynig-joined: $joining" 'aynig-outcome: failed'
else
  next=$(ops_trailer "$joining" aynig-fan-then)
  ops_advance "${next:-done}" "$title" "$ops_work/body" "$carried" "aynig-joined: $joining"
fi
