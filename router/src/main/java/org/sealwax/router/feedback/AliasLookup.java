package org.sealwax.router.feedback;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.sealwax.mail.address.Mailbox;

/**
 * Finds the alias and the target that a report is about. A report names them, and what it names
 * counts only where the configuration has it: so no client chooses the names that are kept.
 */
final class AliasLookup {
  private final Function<Mailbox, List<Mailbox>> targets;

  /**
   * A look-up.
   *
   * @param targets where an address leads if it is one of our aliases; empty: it is none
   */
  AliasLookup(Function<Mailbox, List<Mailbox>> targets) {
    this.targets = targets;
  }

  /**
   * The alias among these addresses, and its target.
   *
   * @param aliases claimed, the topmost Delivered-To first
   * @param target claimed; empty: the only target of the alias is meant
   */
  AliasTarget of(List<Mailbox> aliases, Optional<Mailbox> target) {
    AliasTarget found = AliasTarget.UNKNOWN;
    for (Mailbox alias : aliases) {
      List<Mailbox> real = targets.apply(alias);
      Optional<Mailbox> named = target.flatMap(t -> real.stream().filter(t::equals).findFirst());
      if (named.isPresent()) {
        return AliasTarget.alias(alias.toString()).to(named.get().toString());
      }
      if (!real.isEmpty() && found.alias().isEmpty()) {
        found =
            AliasTarget.alias(alias.toString())
                .to(real.size() == 1 ? real.getFirst().toString() : "");
      }
    }
    return found;
  }
}
