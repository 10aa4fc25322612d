package org.sealwax.mail.dns.validate;

import org.jspecify.annotations.Nullable;
import org.xbill.DNS.NSECRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Type;

/** Denial by NSEC (RFC 4035 5.4). */
final class NsecDenial extends DenialOfExistence {
  NsecDenial(ZoneView view) {
    for (ZoneView.VerifiedRrset set : view.singles(Type.NSEC)) {
      if (set.record() instanceof NSECRecord r && r.getNext().subdomain(view.zone())) {
        add(new Link(set.owner(), r.getNext(), r::hasType, false), set.ttl());
      }
    }
  }

  @Override
  Name key(Name name) {
    return name;
  }

  /** The longest that one end of the gap has in common with the name. */
  @Override
  @Nullable Name encloser(Name name) {
    Link gap = covering(name);
    if (gap == null) {
      return null;
    }
    Name below = DnsNames.common(name, gap.owner());
    Name above = DnsNames.common(name, gap.next());
    return below.labels() > above.labels() ? below : above;
  }

  @Override
  int iterations() {
    return 0;
  }
}
