# The last step of a branch that ops-fan-out made. Read by ops-fan-in, with $parent and $correlation.
# shellcheck shell=sh
lease=$(git rev-parse --verify HEAD)
outcome=$(br_outcome "$AYNIG_COMMIT_HASH")
ops_part body "$AYNIG_COMMIT_HASH" >"$ops_work/body"
ops_advance "$outcome" "$(ops_part title "$AYNIG_COMMIT_HASH")" "$ops_work/body" \
  "$(ops_carried "$AYNIG_COMMIT_HASH" aynig-next aynig-next-on-failure aynig-outcome aynig-correlation-id aynig-parent-branch aynig-joined)" \
  "aynig-correlation-id: $correlation" "aynig-parent-branch: $parent" "aynig-outcome: $outcome"

# No wake-up is lost. Each child looks at the others after the claim of this run is published, and a claimed child counts as
# ended. So of any number that end at once, the one whose claim came last sees all the others claimed or ended, and moves the
# parent; that several do is no harm, for the move is from the tip that was read. One that is asked for ops-fan-in but not
# claimed does not count: it will look itself. A parent that is not waiting yet is waited for; one that is being joined has
# this child in the request that it was woken by, or is waited for too. A child that cannot look fails, and is seen.
deadline=$(br_until 60)
while :; do
  br_branches "$ops_work/tip" "$parent" || { ops_say "$parent could not be read" && exit 1; }
  br_states "$ops_work/tip" >"$ops_work/state"
  [ -s "$ops_work/state" ] || { ops_say "$parent is gone: nobody waits for this branch" && break; }
  read -r _ tip state origin <"$ops_work/state"
  case $state/$origin in
  ops-joining/*)
    [ "$(ops_trailer "$tip" aynig-correlation-id)" = "$correlation" ] || { ops_say "$parent waits for others" && break; }
    # shellcheck disable=SC2046 # no branch has a space in its name, nor a character that the shell would expand
    br_branches "$ops_work/there" $(br_children "$parent" "$tip") || { ops_say 'the other jobs could not be read' && exit 1; }
    br_states "$ops_work/there" >"$ops_work/states"
    open=$(br_open "$ops_work/states" | wc -l | tr -d ' ')
    [ "$open" = 0 ] || { ops_say "still at work: $(br_jobs "$open"); the last one to end wakes $parent" && break; }
    {
      printf 'All jobs have ended\n\n'
      awk '{ print "-", $1, $2 }' "$ops_work/states"
      printf '\naynig-correlation-id: %s\naynig-state: ops-fan-in\n' "$correlation"
    } >"$ops_work/message"
    echo "refs/heads/$parent $(br_request "$tip^{tree}" "$tip" "$ops_work/message") $tip" >"$ops_work/moves"
    moved=0
    br_move "$ops_work/moves" "aynig: joined (run $AYNIG_RUN_ID)" || moved=$?
    [ "$moved" != 2 ] || { ops_say "nobody knows whether $parent was woken" && exit 1; }
    [ "$moved" = 1 ] || break
    ;;
  working/ops-fan-in)
    # Written under the lease by the child that woke it.
    ops_part body "$tip^1" | grep -qxF -e "- $AYNIG_BRANCH $lease" && break
    ;;
  working/ops-fan-out) ;;
  *) break ;;
  esac
  [ "$(date +%s)" -lt "$deadline" ] || { ops_say "$parent did not come to wait for its jobs within a minute" && exit 1; }
  br_pause
done
