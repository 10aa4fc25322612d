package org.sealwax.queue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.spool.Share;
import org.sealwax.spool.ShareCount;
import org.sealwax.spool.ShareFilter;
import org.sealwax.spool.ShareState;
import org.sealwax.spool.Spool;

/**
 * What is held for a person, for the daily letter.
 *
 * @param count groups of recipients held
 * @param lines of the letter
 */
record HeldSummary(long count, List<String> lines) {
  /** Messages named one by one; a letter is read by a person. */
  static final int MOST_NAMED = 50;

  static HeldSummary of(Spool spool) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("These messages could not be delivered, and their senders could not safely be told.");
    lines.add("They stay until you decide: sealwax queue release ID, or sealwax queue delete ID.");
    lines.add("");
    long count = 0;
    for (ShareCount c : spool.counts()) {
      if (c.state() == ShareState.HELD) {
        count += c.shares();
        lines.add(c.shares() + " held for the reason \"" + c.reason() + "\"");
      }
    }
    lines.add("");
    ShareFilter held =
        new ShareFilter(
            Optional.empty(),
            Optional.of(ShareState.HELD),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
    for (Share share : spool.list(held, null, MOST_NAMED, key -> {})) {
      RecipientGroup group = RecordForm.group(share.recipients());
      QueuedRecipient first = group.recipients().getFirst();
      Cause last = first.last();
      lines.add(
          share.key().message()
              + "  from <"
              + share.sender()
              + "> to "
              + first.target()
              + (last == null ? "" : ": " + last.text()));
    }
    if (count > MOST_NAMED) {
      lines.add("and more: sealwax queue list --state held");
    }
    return new HeldSummary(count, lines);
  }
}
