package org.sealwax.router.receive;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.CommandHandler.CommandResult;
import org.sealwax.router.log.MailLog;

/**
 * AUTH in one session (RFC 4954): the mechanisms that are offered, the exchange of responses and
 * challenges, and the failures of this session. Owned by the session's thread.
 */
final class AuthSession {
  /** Inside a transaction, or when the client has authenticated already (RFC 4954 section 4). */
  static final Reply NOT_NOW =
      Reply.of("503 5.5.1 AUTH not permitted now: a transaction is open, or already authenticated");

  private final SaslMechanisms sasl;
  private final AuthGuard guard;
  private final ReceiveSettings settings;
  private final ClientState client;
  private final MailLog log;
  private final Consumer<Reply> onRefusal;
  private int failures;

  /**
   * AUTH for one client.
   *
   * @param sasl the mechanisms of the listener
   * @param guard limits the checks of passwords
   * @param client gets the trust of its user
   * @param onRefusal gets each reply that refuses, before it is sent
   */
  AuthSession(
      SaslMechanisms sasl,
      AuthGuard guard,
      ReceiveSettings settings,
      ClientState client,
      MailLog log,
      Consumer<Reply> onRefusal) {
    this.sasl = sasl;
    this.guard = guard;
    this.settings = settings;
    this.client = client;
    this.log = log;
    this.onRefusal = onRefusal;
  }

  /** Mechanisms offered now: none outside TLS, for passwords need it (RFC 4954 section 4). */
  List<String> mechanisms() {
    return client.tls != null ? sasl.names() : List.of();
  }

  private CommandResult refuse(Reply reply) {
    onRefusal.accept(reply);
    return new CommandResult.SendReply(reply);
  }

  /**
   * The AUTH command.
   *
   * @param obstacle the reply that the session gives instead where AUTH is offered; null for none
   */
  CommandResult begin(Command.Auth command, @Nullable Reply obstacle) {
    if (client.tls == null) {
      return refuse(Reply.of("538 5.7.11 must issue a STARTTLS command first"));
    }
    if (obstacle != null) {
      return refuse(obstacle);
    }
    if (client.trust instanceof ClientTrust.AuthenticatedUser) {
      return refuse(NOT_NOW);
    }
    Optional<SaslExchange> exchange = sasl.begin(command.mechanism());
    if (exchange.isEmpty()) {
      return refuse(Reply.of("504 5.5.4 unsupported authentication mechanism"));
    }
    String initial = command.initial();
    if (initial == null) {
      return new CommandResult.SendChallenge(
          "", line -> saslLine(command.mechanism(), exchange.get(), line));
    }
    // RFC 4954 section 4: "=" is an empty response.
    return saslLine(command.mechanism(), exchange.get(), initial.equals("=") ? "" : initial);
  }

  private CommandResult saslLine(String mechanism, SaslExchange exchange, String line) {
    if (line.equals("*")) {
      return refuse(Reply.of("501 5.7.0 AUTH cancelled"));
    }
    byte[] response;
    try {
      response = Base64.getDecoder().decode(line);
    } catch (IllegalArgumentException e) {
      return authFailed(mechanism, "", Reply.of("501 5.5.2 not base64"));
    }
    return switch (guard.respond(exchange, response)) {
      case SaslExchange.SaslStep.Challenge c ->
          new CommandResult.SendChallenge(
              Base64.getEncoder().encodeToString(c.text().getBytes(StandardCharsets.UTF_8)),
              next -> saslLine(mechanism, exchange, next));
      case SaslExchange.SaslStep.Accepted a -> {
        client.trust = new ClientTrust.AuthenticatedUser(a.user(), mechanism);
        log.authenticated(client.session, client.address, mechanism, a.user());
        yield new CommandResult.SendReply(Reply.of("235 2.7.0 welcome"));
      }
      case SaslExchange.SaslStep.Failed f ->
          authFailed(
              mechanism,
              f.user(),
              switch (f.kind()) {
                case CREDENTIALS ->
                    Reply.of("535 5.7.8 authentication failed: invalid user name or password");
                case NOT_NOW ->
                    Reply.of("454 4.7.0 temporary authentication failure, try again later");
                case MALFORMED -> Reply.of("501 5.5.2 malformed authentication response");
              });
    };
  }

  private CommandResult authFailed(String mechanism, String user, Reply reply) {
    log.authenticationFailed(client.session, client.address, mechanism, user);
    guard.delay(++failures);
    if (failures >= settings.authFailures()) {
      onRefusal.accept(reply);
      return new CommandResult.ReplyAndClose(
          Reply.of("421 4.7.0 " + settings.host().name() + " too many failed AUTH"));
    }
    return refuse(reply);
  }
}
