package org.sealwax.dns.validate;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** Denial by NSEC (RFC 4035 5.4). */
final class Nsec implements Denial {
  private final ZoneView view;
  private Duration ttl = Duration.ofDays(1);

  Nsec(ZoneView view) {
    this.view = view;
  }

  @Override
  public Duration ttl() {
    return ttl;
  }

  @Override
  public Proof noName(Name name) {
    NSECRecord gap = covering(name);
    if (gap == null || gap.getNext().subdomain(name)) {
      return Proof.NONE;
    }
    Name wildcard = Names.wildcard(encloser(gap, name));
    return wildcard == null || covering(wildcard) != null ? Proof.PROVEN : Proof.NONE;
  }

  @Override
  public Proof noData(Name name, int type) {
    NSECRecord there = matching(name);
    if (there != null) {
      return proof(Denial.lacks(there::hasType, name, type));
    }
    NSECRecord gap = covering(name);
    if (gap == null) {
      return Proof.NONE;
    }
    if (gap.getNext().subdomain(name)) {
      // An empty non-terminal (RFC 4592 2.2.2): there only because of names below it.
      return Proof.PROVEN;
    }
    Name wildcard = Names.wildcard(encloser(gap, name));
    NSECRecord source = wildcard == null ? null : matching(wildcard);
    return proof(source != null && Denial.lacks(source::hasType, name, type));
  }

  @Override
  public Proof noCloser(Name name, int wildcardLabels) {
    NSECRecord gap = covering(name);
    return proof(
        gap != null
            && !gap.getNext().subdomain(name)
            && encloser(gap, name).labels() - 1 == wildcardLabels);
  }

  @Override
  public Cut noDs(Name name) {
    NSECRecord there = matching(name);
    if (there != null) {
      return Denial.cut(there::hasType);
    }
    return covering(name) == null ? Cut.UNPROVEN : Cut.NONE;
  }

  private static Proof proof(boolean holds) {
    return holds ? Proof.PROVEN : Proof.NONE;
  }

  private @Nullable NSECRecord matching(Name name) {
    return verified(name);
  }

  private @Nullable NSECRecord covering(Name name) {
    for (Name owner : view.owners(Type.NSEC)) {
      if (view.peek(owner, Type.NSEC) instanceof NSECRecord gap
          && covers(gap, name)
          && verified(owner) != null) {
        return gap;
      }
    }
    return null;
  }

  /** Only as the zone has it: not expanded from a wildcard. */
  private @Nullable NSECRecord verified(Name owner) {
    if (!(view.peek(owner, Type.NSEC) instanceof NSECRecord record)
        || !record.getNext().subdomain(view.zone())) {
      return null;
    }
    ZoneView.Verified found = view.find(owner, Type.NSEC);
    if (found == null || found.isExpanded()) {
      return null;
    }
    ttl = found.ttl().compareTo(ttl) < 0 ? found.ttl() : ttl;
    return record;
  }

  private static boolean covers(NSECRecord gap, Name name) {
    Name owner = gap.getName();
    Name next = gap.getNext();
    boolean after = owner.compareTo(name) < 0;
    boolean before = name.compareTo(next) < 0;
    boolean isLast = owner.compareTo(next) >= 0;
    boolean inside = isLast ? (after || before) && !owner.equals(name) : after && before;
    return inside && !(name.subdomain(owner) && Denial.hidesNamesBelow(gap::hasType));
  }

  /** The closest encloser: the longest ancestor that one end of the gap shows to exist. */
  private static Name encloser(NSECRecord gap, Name name) {
    Name below = Names.common(name, gap.getName());
    Name above = Names.common(name, gap.getNext());
    return below.labels() > above.labels() ? below : above;
  }
}
