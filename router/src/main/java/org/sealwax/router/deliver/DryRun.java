package org.sealwax.router.deliver;

import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.MailOptions;

/**
 * A round without mail, to find out how mail would be treated.
 *
 * @param destination the domain of the recipients
 * @param message what the message in question demands or waives
 */
record DryRun(MailHost destination, MailOptions.TlsOption message) implements RoundWork {
  @Override
  public ConnectionResult runOn(HostConnection connection) {
    throw new IllegalStateException("nothing is sent on an inquiry");
  }

  @Override
  public boolean isDone() {
    return false;
  }

  @Override
  public boolean mayUsePlaintext() {
    return false;
  }

  @Override
  public void hostSkipped(FailureCause cause) {
    // What stands in the way is in the preview itself.
  }

  @Override
  public void noHosts(FailureMeaning meaning) {
    // Likewise.
  }

  @Override
  public List<Evidence> evidence() {
    return switch (message) {
      case UNSPECIFIED -> List.of();
      case REQUIRED -> List.of(new Evidence.RequireTls());
      case OPTIONAL, REPORT -> List.of(new Evidence.TlsRequiredNo());
    };
  }

  @Override
  public boolean needsRequireTls() {
    return message == MailOptions.TlsOption.REQUIRED;
  }

  @Override
  public boolean updatesLedger() {
    return false;
  }

  @Override
  public boolean isReported() {
    return false;
  }

  @Override
  public String connectionUse() {
    return "|inquiry";
  }

  @Override
  public String id() {
    return "explain";
  }
}
