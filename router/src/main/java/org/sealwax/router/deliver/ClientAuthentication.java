package org.sealwax.router.deliver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.queue.FailureCause;

/**
 * AUTH at a smart host (RFC 4954): SCRAM-SHA-256 where offered, else PLAIN, and only to a peer
 * whose verdict is verified against the configured name or key; no fallback step and no level
 * changes that.
 */
record ClientAuthentication(Credentials credentials, RandomSource random, SmtpTimeouts times) {
  private static final int NONCE_BYTES = 18;

  /** Null when we are known there now; otherwise why not. */
  @Nullable FailureCause with(HostConnection connection) {
    Optional<Handshake> handshake = connection.handshake();
    if (handshake.isEmpty() || !(handshake.get().verdict() instanceof Verdict.Verified)) {
      return FailureTable.unverifiedForAuth(
          connection.logName(), handshake.map(h -> h.verdict().text()).orElse("in plaintext"));
    }
    Duration inAll = times.authTotal();
    Set<String> offered = connection.session().capabilities().authMechanisms();
    try (Deadline deadline = Deadline.after(inAll, connection.session())) {
      try {
        return by(offered, connection);
      } catch (IOException e) {
        return deadline.passed()
            ? FailureTable.tooSlow(TransactionStage.AUTH, inAll, connection.logName()).cause()
            : FailureTable.lost(TransactionStage.AUTH, e, connection.logName()).cause();
      }
    }
  }

  private @Nullable FailureCause by(Set<String> offered, HostConnection connection)
      throws IOException {
    if (offered.contains("SCRAM-SHA-256")) {
      return scram(connection);
    }
    if (offered.contains("PLAIN")) {
      return plain(connection);
    }
    return FailureTable.auth(connection.logName(), "it offers neither SCRAM-SHA-256 nor PLAIN");
  }

  private @Nullable FailureCause plain(HostConnection connection) throws IOException {
    // RFC 4616: authorization identity empty.
    String text = "\0" + credentials.user() + "\0" + credentials.password();
    return judged(
        connection.session().exchange("AUTH PLAIN " + encoded(text), times.auth()), connection);
  }

  private @Nullable FailureCause scram(HostConnection connection) throws IOException {
    ClientSession dialogue = connection.session();
    String nonce =
        Base64.getUrlEncoder().withoutPadding().encodeToString(random.bytes(NONCE_BYTES));
    ScramClient scram = new ScramClient(credentials, nonce);
    Reply first = dialogue.exchange("AUTH SCRAM-SHA-256 " + encoded(scram.first()), times.auth());
    if (first.code() != 334) {
      return judged(first, connection);
    }
    Optional<String> answer = decoded(first).flatMap(scram::answer);
    if (answer.isEmpty()) {
      dialogue.exchange("*", times.auth());
      return FailureTable.auth(
          connection.logName(), "its SCRAM challenge is malformed or too weak");
    }
    Reply last = dialogue.exchange(encoded(answer.get()), times.auth());
    if (last.code() != 334) {
      return last.isPositive()
          ? FailureTable.auth(
              connection.logName(), "it accepted AUTH without proof that it knows the password")
          : judged(last, connection);
    }
    if (!decoded(last).map(scram::isProven).orElse(false)) {
      dialogue.exchange("*", times.auth());
      return FailureTable.auth(
          connection.logName(), "it could not prove that it knows the password");
    }
    return judged(dialogue.exchange("", times.auth()), connection);
  }

  private static @Nullable FailureCause judged(Reply reply, HostConnection connection) {
    return reply.code() == 235
        ? null
        : FailureTable.of(TransactionStage.AUTH, reply, connection.logName()).cause();
  }

  private static String encoded(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Optional<String> decoded(Reply reply) {
    try {
      return Optional.of(
          new String(
              Base64.getDecoder().decode(reply.lines().getFirst().strip()),
              StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
