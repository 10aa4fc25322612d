package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.time.Duration;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.log.MailLog;

/**
 * Answers {@code dns-01} (RFC 8555 8.4): a TXT record is there from the publication on, and is
 * removed also when its addition had no answer.
 */
final class DnsProofs implements ProofPublisher {
  private final TxtWriter writer;
  private final Duration wait;
  private final AcmeClient.Pause pause;
  private final MailLog log;

  /**
   * Nothing is written yet.
   *
   * @param writer of the records
   * @param wait until all name servers have a record
   */
  DnsProofs(TxtWriter writer, Duration wait, AcmeClient.Pause pause, MailLog log) {
    this.writer = writer;
    this.wait = wait;
    this.pause = pause;
    this.log = log;
  }

  @Override
  public AcmeSettings.ChallengeType type() {
    return AcmeSettings.ChallengeType.DNS_01;
  }

  @Override
  public PublishedProof publish(Proof proof) throws IOException, InterruptedException {
    if (!(proof instanceof Proof.TxtRecord record)) {
      throw new IOException("not a proof of dns-01");
    }
    TxtWriter.TxtEntry entry = writer.entry(record);
    try {
      entry.add();
      pause.of(wait);
    } catch (IOException | InterruptedException e) {
      withdraw(record, entry);
      throw e;
    }
    return () -> withdraw(record, entry);
  }

  private void withdraw(Proof.TxtRecord record, TxtWriter.TxtEntry entry)
      throws InterruptedException {
    try {
      entry.remove();
    } catch (IOException e) {
      log.warning(
          AcmeOrders.SERVICE,
          "the TXT record " + record.owner() + " may still be there: " + FailureText.of(e));
    }
  }
}
