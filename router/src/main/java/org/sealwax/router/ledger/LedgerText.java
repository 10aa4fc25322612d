package org.sealwax.router.ledger;

import java.util.stream.Collectors;
import org.sealwax.mail.policy.TlsLevel;

/** Facts of the ledger in plain words. */
final class LedgerText {
  private LedgerText() {}

  /** What happened, to stand after the domain's name. */
  static String of(LedgerChange.Fact fact, LedgerSettings settings) {
    return switch (fact) {
      case LedgerChange.Fact.Promoted p -> "has reached level " + p.level().word();
      case LedgerChange.Fact.Decayed d ->
          "has not shown its level "
              + d.level().word()
              + " for "
              + settings.decay().toDays()
              + " days; it falls away";
      case LedgerChange.Fact.Violated v ->
          "shows less than its level " + v.level().word() + ": " + v.description();
      case LedgerChange.Fact.Recovered h -> "shows its level " + h.level().word() + " again";
      case LedgerChange.Fact.Accepted a ->
          "is accepted as it shows itself now"
              + (a.byAdmin() ? ", by the admin's word" : ", after the whole hold")
              + ": its level was "
              + a.before().word()
              + " and is now "
              + word(a.after());
      case LedgerChange.Fact.HostsAccepted h ->
          "has new MX hosts, accepted ("
              + h.why()
              + "): "
              + h.hosts().stream().map(Object::toString).sorted().collect(Collectors.joining(", "));
    };
  }

  private static String word(@org.jspecify.annotations.Nullable TlsLevel level) {
    return level == null ? "none" : level.word();
  }
}
