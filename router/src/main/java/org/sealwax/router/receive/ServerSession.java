package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.CommandHandler;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.evidence.PeerMatcher;
import org.sealwax.router.log.TlsLogFields;
import org.sealwax.router.milter.MilterTransaction;
import org.sealwax.router.receive.SessionLimit.SessionMemory;
import org.sealwax.router.route.ForwardSender;

/**
 * The reply to each command: reads like RFC 5321 section 4.1, with 3207, 4954, 3030 and 3461. One
 * thread owns it.
 */
final class ServerSession implements CommandHandler {
  private static final Reply OK = Reply.of("250 2.0.0 Ok");
  private static final Reply SENDER_OK = Reply.of("250 2.1.0 Ok");
  private static final Reply RECIPIENT_OK = Reply.of("250 2.1.5 Ok");

  /**
   * Recipients over the limit that one session may name: a client that pipelines a long list learns
   * of it only afterwards; one that never stops is not a mail client.
   */
  static final int MAX_OVERSHOOT = 1_000;

  private final SmtpServer server;
  private final ReceiveConfiguration reception;
  private final ListenerSettings listener;
  private final @Nullable TlsServer tlsServer;
  private final ClientState client;
  private final SessionMemory memory;
  private final @Nullable AuthSession auth;
  private final InetAddress own;
  private @Nullable Transaction transaction;
  private int messages;
  private int accepted;
  private int refused;
  private int overshoot;
  private boolean tooManyErrors;

  ServerSession(
      SmtpServer server,
      ReceiveConfiguration reception,
      ListenerSettings listener,
      @Nullable TlsServer tlsServer,
      InetAddress own,
      ClientState client,
      SessionMemory memory) {
    this.server = server;
    this.reception = reception;
    this.listener = listener;
    this.tlsServer = tlsServer;
    this.client = client;
    this.memory = memory;
    SaslMechanisms sasl = listener.offersAuth() ? reception.sasl() : null;
    this.auth =
        sasl == null
            ? null
            : new AuthSession(
                sasl,
                server.auth(),
                reception.settings(),
                client,
                server.log(),
                reply -> note("AUTH", "", reply));
    this.own = own;
  }

  /** Messages taken. */
  int accepted() {
    return accepted;
  }

  /** Replies of 4yz and 5yz. */
  int refused() {
    return refused;
  }

  /** The session is over; gives back what is open. */
  void ended() {
    reset();
  }

  @Override
  public String name() {
    return reception.settings().host().name();
  }

  @Override
  public Reply greeting() {
    return Reply.of(220, name() + " ESMTP Sealwax");
  }

  @Override
  public CommandResult answer(Command command) {
    CommandResult answer =
        switch (command) {
          case Command.Quit c -> new CommandResult.ReplyAndClose(Reply.of("221 2.0.0 Bye"));
          case Command.Malformed c -> refuse(c.verb(), c.reply());
          case Command.Unknown c -> unknown(c.verb());
          case Command.Ehlo c -> hello(c.name(), true);
          case Command.Helo c -> hello(c.name(), false);
          case Command.Noop c -> send(OK);
          case Command.Help c -> send(Reply.of("214 2.0.0 Sealwax, a mail router; see RFC 5321"));
          case Command.Starttls c -> startTls();
          case Command.Rset c -> {
            reset();
            yield send(OK);
          }
          case Command.Vrfy c ->
              send(
                  Reply.of(
                      "252 2.5.2 cannot VRFY user, but will accept message and attempt delivery"));
          case Command.Expn c -> refuse("EXPN", Reply.of("502 5.5.1 EXPN is not supported"));
          case Command.Auth c -> auth(c);
          case Command.Mail c -> mail(c);
          case Command.Rcpt c -> rcpt(c);
          case Command.Data c -> data();
          case Command.Bdat c -> bdat();
        };
    if (tooManyErrors) {
      return new CommandResult.ReplyAndClose(limited(ClientLimits.ClientRate.ERRORS));
    }
    return answer;
  }

  private CommandResult unknown(String verb) {
    Transaction open = transaction;
    Reply refusal = open == null ? null : open.filterUnknown(verb);
    return refuse(verb, refusal == null ? Reply.of("500 5.5.2 command not recognized") : refusal);
  }

  private static CommandResult send(Reply reply) {
    return new CommandResult.SendReply(reply);
  }

  private CommandResult refuse(String stage, Reply reply) {
    return refuse(stage, "", reply);
  }

  private CommandResult refuse(String stage, String to, Reply reply) {
    note(stage, to, reply);
    return send(reply);
  }

  private void note(String stage, String to, Reply reply) {
    refused++;
    Transaction open = transaction;
    String from = open == null ? "" : open.sender().toString();
    server.log().refused(client.session, client.address, stage, from, to, reply.toString());
    if (reply.isPermanent() && !count(ClientLimits.ClientRate.ERRORS)) {
      tooManyErrors = true;
    }
  }

  private boolean count(ClientLimits.ClientRate rate) {
    return client.local || server.limits().count(client.address.getAddress(), rate);
  }

  private Reply limited(ClientLimits.ClientRate rate) {
    server.log().turnedAway(client.address, rate.text());
    return Reply.of("421 4.7.0 " + name() + " too many " + rate.text());
  }

  @Override
  public boolean areSessionsScarce() {
    return server.sessions().areSessionsScarce();
  }

  @Override
  public boolean mayGrowBuffer() {
    return memory.tryGrowBuffer();
  }

  @Override
  public void bufferShrunk() {
    memory.bufferShrunk();
  }

  @Override
  public void refused(String stage, Reply reply) {
    note(stage, "", reply);
  }

  private void reset() {
    Transaction open = transaction;
    transaction = null;
    if (open != null) {
      open.abandoned();
    }
  }

  private CommandResult hello(String helloName, boolean esmtp) {
    reset(); // RFC 5321 4.1.4
    client.hello = helloName;
    client.esmtp = esmtp;
    if (!esmtp) {
      return send(Reply.of(250, name()));
    }
    return send(capabilities().reply(""));
  }

  private Capabilities capabilities() {
    Map<String, String> offered = new LinkedHashMap<>();
    offered.put("PIPELINING", "");
    offered.put("SIZE", Long.toString(reception.settings().size()));
    if (mayStartTls()) {
      offered.put("STARTTLS", "");
    }
    if (!mechanisms().isEmpty()) {
      offered.put("AUTH", String.join(" ", mechanisms()));
    }
    offered.put("ENHANCEDSTATUSCODES", "");
    offered.put("8BITMIME", "");
    offered.put("SMTPUTF8", "");
    offered.put("CHUNKING", "");
    if (takesDsn() || offersDsnBeforeAuth()) {
      offered.put("DSN", "");
    }
    if (client.tls != null) {
      // RFC 8689 §2: only inside TLS.
      offered.put("REQUIRETLS", "");
    }
    offered.put(
        "LIMITS",
        "MAILMAX="
            + Math.min(reception.settings().messages(), MAX_LIMIT)
            + " RCPTMAX="
            + Math.min(reception.settings().recipients(), MAX_LIMIT));
    return new Capabilities(name(), offered);
  }

  private List<String> mechanisms() {
    return auth == null ? List.of() : auth.mechanisms();
  }

  private boolean takesDsn() {
    return switch (listener.dsn()) {
      case RELAY, AUTH -> client.trust.mayRelay();
      case ALL -> true;
      case NONE -> false;
    };
  }

  private boolean offersDsnBeforeAuth() {
    return listener.dsn() == ListenerSettings.Dsn.AUTH && !mechanisms().isEmpty();
  }

  /** The refusal of a DSN parameter from a client that it is not offered to. */
  private Reply noDsn(String keyword) {
    return offersDsnBeforeAuth()
        ? Reply.of("530 5.7.0 authentication required: " + keyword)
        : Reply.of("555 5.5.4 unsupported option: " + keyword);
  }

  /** RFC 9422 section 3: six digits. */
  private static final int MAX_LIMIT = 999_999;

  private boolean mayStartTls() {
    return tlsServer != null
        && client.tls == null
        && listener.encryption() == ListenerSettings.ListenerTlsMode.STARTTLS;
  }

  private CommandResult startTls() {
    TlsServer tls = tlsServer;
    if (tls == null || !mayStartTls()) {
      return refuse(
          "STARTTLS", Reply.of("503 5.5.1 STARTTLS is not offered, or TLS is already active"));
    }
    if (transaction != null) {
      return refuse("STARTTLS", Reply.of("503 5.5.1 not permitted inside a transaction"));
    }
    if (!count(ClientLimits.ClientRate.HANDSHAKES)) {
      server.log().turnedAway(client.address, ClientLimits.ClientRate.HANDSHAKES.text());
      return refuse("STARTTLS", Reply.of("454 4.7.0 too many TLS handshakes"));
    }
    if (!memory.tryTake(SessionMemory.TLS)) {
      return refuse("STARTTLS", Reply.of("454 4.3.1 not enough memory for TLS, try again later"));
    }
    return new CommandResult.StartTls(tls);
  }

  @Override
  public void encrypted(TlsWire wire) {
    reset();
    client.hello = "";
    client.esmtp = false;
    handshake(wire.handshake());
  }

  /**
   * Notes a handshake, new or resumed, and what its verdict grants. Whether the peer is the mirror
   * of an MX host is asked from memory.
   */
  void handshake(Handshake shaken) {
    PeerMatcher.PeerMatch likeness = reception.peerMatcher().of(shaken.peerChain()).orElse(null);
    Handshake handshake =
        likeness == null || shaken.verdict() instanceof Verdict.Verified
            ? shaken
            : shaken.withVerification(likeness.verdict());
    client.tls = handshake;
    server.log().tlsFromClient(client.session, client.address, TlsLogFields.of(handshake));
    if (client.trust.mayRelay()) {
      return;
    }
    reception.rules().certificates().trust(handshake).ifPresent(t -> client.trust = t);
    if (!client.trust.mayRelay() && likeness != null && likeness.relay()) {
      client.trust = new ClientTrust.RelayCertificate(likeness.verdict().text());
    }
  }

  @Override
  public void handshakeFailed(TlsException trouble) {
    server
        .log()
        .tlsFromClientFailed(
            client.session,
            client.address,
            trouble.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
            String.valueOf(trouble.getMessage()));
  }

  /** What stands in the way of mail from this client, or null. */
  private @Nullable Reply barrier() {
    Handshake tls = client.tls;
    if (listener.certificates() == ClientCertificateMode.REQUIRE) {
      if (tls == null) {
        return Reply.of("530 5.7.0 must issue a STARTTLS command first");
      }
      if (tls.verdict() instanceof Verdict.Anonymous) {
        return Reply.of("554 5.7.0 a client certificate is required");
      }
    }
    return client.hello.isEmpty() ? Reply.of("503 5.5.1 send EHLO first") : null;
  }

  private CommandResult auth(Command.Auth command) {
    if (auth == null) {
      return refuse("AUTH", Reply.of("502 5.5.1 AUTH is not offered"));
    }
    Reply obstacle = barrier();
    if (obstacle == null && transaction != null) {
      obstacle = AuthSession.NOT_NOW;
    }
    return auth.begin(command, obstacle);
  }

  private CommandResult mail(Command.Mail command) {
    Reply barrier = barrier();
    if (barrier != null) {
      return refuse("MAIL", barrier);
    }
    if (transaction != null) {
      return refuse("MAIL", Reply.of("503 5.5.1 nested MAIL command; send RSET first"));
    }
    if (messages >= reception.settings().messages()) {
      Reply reply = Reply.of("421 4.7.0 " + name() + " too many messages in one session");
      note("MAIL", "", reply);
      return new CommandResult.ReplyAndClose(reply);
    }
    if (!count(ClientLimits.ClientRate.MESSAGES)) {
      return new CommandResult.ReplyAndClose(limited(ClientLimits.ClientRate.MESSAGES));
    }
    if (command.international() && !command.parameters().smtputf8()) {
      return refuse("MAIL", Reply.of("550 5.6.7 this address needs SMTPUTF8"));
    }
    if (command.parameters().requireTls() && client.tls == null) {
      // Not offered here, so not understood here (RFC 5321 4.1.1.11); taken silently, the sender
      // would believe a promise that the hop to us has broken already.
      return refuse("MAIL", Reply.of("555 5.7.10 REQUIRETLS needs TLS; send STARTTLS first"));
    }
    if (command.parameters().requestsDsn() && !takesDsn()) {
      return refuse("MAIL", noDsn("RET or ENVID"));
    }
    long size = command.parameters().size().orElse(0);
    if (size > reception.settings().size()) {
      return refuse(
          "MAIL",
          Reply.of(
              "552 5.3.4 message size exceeds the limit of "
                  + reception.settings().size()
                  + " bytes"));
    }
    Transaction begun =
        new Transaction(server, reception, client, memory, command, filters(command.parameters()));
    Reply refusal = begun.filterSender();
    if (refusal != null) {
      begun.abandoned();
      return refuse("MAIL", refusal);
    }
    transaction = begun;
    return send(SENDER_OK);
  }

  /** The filters of a transaction, for which the client's name is awaited; null without any. */
  private @Nullable MilterTransaction filters(MailParameters parameters) {
    return reception.milters().isEmpty()
        ? null
        : server
            .milters()
            .transaction(
                reception.milters(),
                FilteredClient.of(
                    client, reception.settings().host(), listener.name(), own, parameters.auth()));
  }

  private CommandResult rcpt(Command.Rcpt command) {
    Transaction open = transaction;
    if (open == null || open.hasBegun()) {
      return refuse("RCPT", Reply.of("503 5.5.1 need MAIL command"));
    }
    String to = command.path().toString();
    if (command.parameters().isGiven() && !takesDsn()) {
      return refuse("RCPT", to, noDsn("NOTIFY or ORCPT"));
    }
    if (open.addressed() >= reception.settings().recipients()) {
      if (++overshoot > MAX_OVERSHOOT) {
        Reply reply = Reply.of("421 4.7.0 " + name() + " far too many recipients");
        note("RCPT", to, reply);
        return new CommandResult.ReplyAndClose(reply);
      }
      // RFC 5321 4.5.3.1.10: the client sends the rest in another transaction.
      return refuse("RCPT", to, Reply.of("452 4.5.3 too many recipients"));
    }
    if (!count(ClientLimits.ClientRate.RECIPIENTS)) {
      return new CommandResult.ReplyAndClose(limited(ClientLimits.ClientRate.RECIPIENTS));
    }
    if (command.international() && !open.smtputf8()) {
      return refuse("RCPT", to, Reply.of("553 5.6.7 this address needs SMTPUTF8"));
    }
    Mailbox original = reception.mailbox(command.path());
    return switch (reception.decide(command.path(), original, open.sender(), client, own)) {
      case RelayRules.RelayDecision.Take take -> {
        Reply refusal = open.filterRecipient(original, command.parameters());
        Reply trouble = refusal == null ? add(open, original, take, command.parameters()) : refusal;
        yield trouble == null ? send(RECIPIENT_OK) : refuse("RCPT", to, trouble);
      }
      case RelayRules.RelayDecision.Refuse no -> refuse("RCPT", to, no.reply());
    };
  }

  /** Why a recipient cannot be taken now, or null. */
  private @Nullable Reply add(
      Transaction open, Mailbox original, RelayRules.RelayDecision.Take take, DsnRequest wish) {
    try {
      return open.add(original, take, wish)
          ? null
          : Reply.of("452 4.3.1 not enough memory for more recipients, try again later");
    } catch (ForwardSender.NoRoomForSender e) {
      return Transaction.reply(e);
    } catch (IOException e) {
      server.log().storeTrouble("recipient not accepted: " + FailureText.of(e), e);
      return Transaction.reply(e);
    }
  }

  private CommandResult data() {
    Transaction open = transaction;
    if (open == null || open.hasBegun()) {
      return refuse("DATA", Reply.of("503 5.5.1 need MAIL and RCPT commands"));
    }
    if (open.addressed() == 0) {
      return refuse("DATA", Reply.of("554 5.5.1 no valid recipients"));
    }
    Reply trouble = begin(open);
    if (trouble == null) {
      return new CommandResult.ReceiveData(open);
    }
    if (open.hasBegun()) {
      reset(); // a filter refused
    }
    return refuse("DATA", trouble);
  }

  private CommandResult bdat() {
    Transaction open = transaction;
    if (open == null) {
      return refuse("BDAT", Reply.of("503 5.5.1 need MAIL and RCPT commands"));
    }
    if (open.addressed() == 0) {
      return refuse("BDAT", Reply.of("554 5.5.1 no valid recipients"));
    }
    if (!open.hasBegun()) {
      Reply trouble = begin(open);
      if (trouble != null) {
        // The chunks that follow in the group must not open it again.
        reset();
        return refuse("BDAT", trouble);
      }
    }
    return new CommandResult.ReceiveChunk(open);
  }

  private @Nullable Reply begin(Transaction open) {
    try {
      open.begin(this::answered);
      return open.filterData();
    } catch (IOException e) {
      server.log().storeTrouble("message not accepted: " + FailureText.of(e), e);
      return Transaction.reply(e);
    }
  }

  /** The message was answered; whatever came of it, the transaction is over. */
  private void answered(Reply reply) {
    messages++;
    if (reply.isPositive()) {
      accepted++;
    } else {
      note("end of message", "", reply);
    }
    transaction = null;
  }
}
