package org.sealwax.router.deliver;

import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.MailOptions;

/**
 * An errand without mail: somebody wants to know what would be.
 *
 * @param destination the domain of the recipients
 * @param message what the message in question demands or waives
 */
record Inquiry(MailHost destination, MailOptions.Tls message) implements Errand {
  @Override
  public Fate with(Peer peer) {
    throw new IllegalStateException("nothing is sent on an inquiry");
  }

  @Override
  public boolean isDone() {
    return false;
  }

  @Override
  public boolean mayGoClear() {
    return false;
  }

  @Override
  public void passedOver(Cause cause) {
    // What stands in the way is in the preview itself.
  }

  @Override
  public void ends(Meaning meaning) {
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
  public boolean insistsOnRequireTls() {
    return message == MailOptions.Tls.REQUIRED;
  }

  @Override
  public boolean teaches() {
    return false;
  }

  @Override
  public boolean counts() {
    return false;
  }

  @Override
  public String use() {
    return "|inquiry";
  }

  @Override
  public String id() {
    return "explain";
  }
}
