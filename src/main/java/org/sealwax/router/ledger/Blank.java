package org.sealwax.router.ledger;

import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;

/** Remembers nothing. */
final class Blank implements Ledger, Visit {
  static final Blank LEDGER = new Blank();

  private Blank() {}

  @Override
  public Visit visit(Domain domain, MxAnswer answer, boolean counts) {
    return this;
  }

  @Override
  public Visit greeting(Domain domain, MxAnswer answer) {
    return this;
  }

  @Override
  public Optional<Evidence.Ledger> about(Domain domain) {
    return Optional.empty();
  }

  @Override
  public Optional<Alarm> alarm(Domain domain) {
    return Optional.empty();
  }

  @Override
  public void addresses(Domain host, boolean ipv4, boolean ipv6) {}

  @Override
  public void seen(Seen seen) {}

  @Override
  public boolean askAfresh() {
    return false;
  }
}
