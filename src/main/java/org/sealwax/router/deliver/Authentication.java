package org.sealwax.router.deliver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientDialogue;
import org.sealwax.mail.smtp.session.SmtpTimes;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.queue.Cause;

/**
 * AUTH at a smart host (RFC 4954): SCRAM-SHA-256 where offered, else PLAIN, and only to a peer
 * whose verdict is verified against the configured name or key; no rung and no level changes that.
 */
final class Authentication {
  private static final int NONCE_OCTETS = 18;

  private final Credentials credentials;
  private final Chance chance;
  private final Duration longest;
  private final Duration inAll;

  Authentication(Credentials credentials, Chance chance, SmtpTimes times) {
    this.credentials = credentials;
    this.chance = chance;
    this.longest = times.auth();
    this.inAll = times.authInAll();
  }

  /** Null when we are known there now; otherwise why not. */
  @Nullable Cause with(Peer peer) {
    Optional<Handshake> handshake = peer.handshake();
    if (handshake.isEmpty() || !(handshake.get().verdict() instanceof Verdict.Verified)) {
      return Trouble.unverifiedForAuth(
          peer.label(), handshake.map(h -> h.verdict().text()).orElse("in clear text"));
    }
    Set<String> offered = peer.dialogue().capabilities().authMechanisms();
    try (Deadline deadline = Deadline.after(inAll, peer.dialogue())) {
      try {
        return by(offered, peer);
      } catch (IOException e) {
        return deadline.passed()
            ? Trouble.tooSlow(Stage.AUTH, inAll, peer.label()).cause()
            : Trouble.lost(Stage.AUTH, e, peer.label()).cause();
      }
    }
  }

  private @Nullable Cause by(Set<String> offered, Peer peer) throws IOException {
    if (offered.contains("SCRAM-SHA-256")) {
      return scram(peer);
    }
    if (offered.contains("PLAIN")) {
      return plain(peer);
    }
    return Trouble.auth(peer.label(), "it offers neither SCRAM-SHA-256 nor PLAIN");
  }

  private @Nullable Cause plain(Peer peer) throws IOException {
    // RFC 4616: authorization identity empty.
    String text = "\0" + credentials.user() + "\0" + credentials.password();
    return judged(peer.dialogue().exchange("AUTH PLAIN " + encoded(text), longest), peer);
  }

  private @Nullable Cause scram(Peer peer) throws IOException {
    ClientDialogue dialogue = peer.dialogue();
    String nonce =
        Base64.getUrlEncoder().withoutPadding().encodeToString(chance.bytes(NONCE_OCTETS));
    ScramClient scram = new ScramClient(credentials, nonce);
    Reply first = dialogue.exchange("AUTH SCRAM-SHA-256 " + encoded(scram.first()), longest);
    if (first.code() != 334) {
      return judged(first, peer);
    }
    Optional<String> answer = decoded(first).flatMap(scram::answer);
    if (answer.isEmpty()) {
      dialogue.exchange("*", longest);
      return Trouble.auth(peer.label(), "its SCRAM challenge is malformed or too weak");
    }
    Reply last = dialogue.exchange(encoded(answer.get()), longest);
    if (last.code() != 334) {
      return last.isPositive()
          ? Trouble.auth(peer.label(), "it accepted without proving that it knows the password")
          : judged(last, peer);
    }
    if (!decoded(last).map(scram::isProven).orElse(false)) {
      dialogue.exchange("*", longest);
      return Trouble.auth(peer.label(), "it could not prove that it knows the password");
    }
    return judged(dialogue.exchange("", longest), peer);
  }

  private static @Nullable Cause judged(Reply reply, Peer peer) {
    return reply.code() == 235 ? null : Trouble.of(Stage.AUTH, reply, peer.label()).cause();
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
