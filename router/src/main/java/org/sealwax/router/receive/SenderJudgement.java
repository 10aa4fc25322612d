package org.sealwax.router.receive;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.message.ForgedResultsFilter;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.dmarc.AuthenticationOutcome;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.dmarc.IncomingMail;
import org.sealwax.router.dmarc.MessageAuthentication;
import org.sealwax.router.dmarc.SenderChecks;
import org.sealwax.router.dmarc.UnprovenAuthor;
import org.sealwax.router.spool.QueueId;

/**
 * What happens to one message of an untrusted client: Authentication-Results with our name are
 * taken out of it (RFC 8601 section 5), in each mode, because their readers trust the name; and its
 * sender is checked unless this is off. Owned by one thread.
 */
final class SenderJudgement {
  /** Copies of the header section that the checks hold at a time: as bytes and as fields. */
  private static final int HEADER_COPIES = 3;

  private static final byte[] NOTHING = {};

  private final SmtpServer server;
  private final ClientState client;
  private final ForgedResultsFilter forged;
  private final @Nullable MessageAuthentication checks;
  private byte[] results = NOTHING;
  private String checked = "";
  private Optional<UnprovenAuthor> unproven = Optional.empty();

  private SenderJudgement(
      SmtpServer server,
      ClientState client,
      ForgedResultsFilter forged,
      @Nullable MessageAuthentication checks) {
    this.server = server;
    this.client = client;
    this.forged = forged;
    this.checks = checks;
  }

  /** Begins with a message of an untrusted client. */
  static SenderJudgement begin(
      SmtpServer server,
      ReceiveConfiguration reception,
      ClientState client,
      ReversePath sender,
      Instant now) {
    InboundSettings inbound = reception.inbound();
    Domain host = reception.settings().host();
    SenderChecks checks = server.checks();
    IncomingMail mail =
        new IncomingMail(client.address.getAddress(), sender, client.hello, host, now);
    return new SenderJudgement(
        server,
        client,
        new ForgedResultsFilter(inbound.authservId(host).name()),
        checks == null || inbound.dmarc() == InboundSettings.Mode.OFF
            ? null
            : checks.begin(mail, inbound));
  }

  /** Bytes in memory, at most, for a header section of which so many bytes have come. */
  long memory(long headerBytes) {
    return checks == null ? 0 : HEADER_COPIES * Math.min(headerBytes, HeaderScanner.DEFAULT_LIMIT);
  }

  /** The checks take the message as the client sent it. */
  void take(byte[] block, int offset, int length) {
    if (checks != null) {
      checks.take(block, offset, length);
    }
  }

  /** Takes the message for the store; no field with our name gets there. */
  FilteredContent filtered(OutputStream stored) {
    return new FilteredContent(stored);
  }

  /** A content without forged results. */
  final class FilteredContent extends BlockOutput {
    private final OutputStream stored;

    private FilteredContent(OutputStream stored) {
      this.stored = stored;
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      forged.take(from, offset, length, stored);
    }

    void end() throws IOException {
      forged.end(stored);
    }
  }

  /** The message has ended: finishes the checks; the reply that refuses it, or null. */
  @Nullable Reply finish(QueueId id) {
    if (checks == null) {
      return null;
    }
    AuthenticationOutcome outcome = checks.outcome();
    server.log().senderChecked(id.text(), client.session, outcome.log());
    checked = outcome.log().line();
    unproven = outcome.unproven();
    results = outcome.field().getBytes(StandardCharsets.US_ASCII);
    return outcome.refusal().orElse(null);
  }

  /** The results in one line, for the trace; empty without checks. */
  String line() {
    return checked;
  }

  /** The author that DMARC did not confirm, where a policy may apply. */
  Optional<UnprovenAuthor> unproven() {
    return unproven;
  }

  /** The field for the top of the message; empty without checks. Not copied. */
  byte[] results() {
    return results;
  }
}
