package org.sealwax.mail.smtp.session;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.BdatReader;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.CommandParser;
import org.sealwax.mail.smtp.DotReader;
import org.sealwax.mail.smtp.InputLine;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyWriter;
import org.sealwax.mail.smtp.SmtpLimits;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * The server side of a session: a plain loop in one virtual thread (RFC 5321 3, 4.3; RFC 2920). It
 * handles lines, limits, timeouts, groups and TLS; {@link CommandHandler} decides what each command
 * means.
 *
 * <p>Invariants:
 *
 * <ul>
 *   <li>Nothing that was read before TLS is used after it: bytes after STARTTLS end the session
 *       (RFC 3207 4.2, CVE-2011-0411).
 *   <li>Bytes after DATA, AUTH or STARTTLS in the same group end the session, whatever the reply:
 *       the client must wait for it (RFC 2920 3.1), and a body or a password that we did not ask
 *       for would be read, and logged, as commands. The same holds when they come a moment later:
 *       the line after a refused one of these is a command of SMTP, or the session ends.
 *   <li>Once a bare LF stood in a command line, nothing that follows is trusted: the session ends.
 *   <li>Every session ends with a reply, unless the peer or the network ended it.
 *   <li>Replies to a group leave together, and always before we wait (RFC 2920 3.2).
 * </ul>
 */
public final class ServerLoop {
  /** How a session ended. */
  public enum SessionEnd {
    /** QUIT. */
    QUIT,
    /** The client closed or the network broke. */
    LOST,
    /** The timeout passed, and we replied 421. */
    TIMEOUT,
    /** A limit or rule of this server, reported by a reply. */
    REFUSED,
    /** We are shutting down, and replied 421. */
    SHUTDOWN,
    /** The handshake broke. */
    HANDSHAKE
  }

  private enum Phase {
    BUSY,
    IDLE,
    ENDED
  }

  /** Bytes of replies held back while a group goes on: a group of a thousand RCPT has more. */
  private static final int HELD_REPLIES = 8 * 1_024;

  /** Time limit for a 421 from another thread. */
  private static final Duration GOODBYE = Duration.ofSeconds(2);

  /** First words of web browsers and proxies: cross-protocol requests carry commands after them. */
  private static final Set<String> OTHER_PROTOCOLS =
      Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "PRI", "SSH-2.0");

  private final CommandHandler handler;
  private final SessionSettings settings;
  private final Clock clock;
  private final ReplyWriter out = new ReplyWriter();
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.BUSY);
  private volatile Wire wire;
  private volatile boolean ending;
  private SessionInput input;
  private LineReader in;
  private CommandHandler.@Nullable BodyReceiver chunkBody;
  private @Nullable BdatReader chunks;
  private int errors;
  private int idleCommands;

  private final CommandHandler.WaitingSession waiting =
      new CommandHandler.WaitingSession() {
        @Override
        public boolean isClientGone() {
          return input.isClientGone(in);
        }

        @Override
        public boolean isEnding() {
          return ending;
        }
      };

  /** The verb that was refused last, while its client may still send what belongs after it. */
  private @Nullable String refused;

  /**
   * A session over {@code wire}, which is closed at its end.
   *
   * @param wire the connection; it is owned by this object from now on
   * @param handler answers the commands
   * @param settings limits and times
   * @param clock source of the current time
   */
  public ServerLoop(Wire wire, CommandHandler handler, SessionSettings settings, Clock clock) {
    this.wire = wire;
    this.handler = handler;
    this.settings = settings;
    this.clock = clock;
    this.input = input(wire);
    this.in = reader(input);
  }

  private SessionInput input(Wire from) {
    return new SessionInput(from, settings, clock, handler::areSessionsScarce);
  }

  private LineReader reader(SessionInput from) {
    LineReader reader = new LineReader(from);
    reader.growIf(handler::mayGrowBuffer);
    return reader;
  }

  /**
   * Runs the session to its end, and closes the wire. Unchecked exceptions of {@link
   * CommandHandler} pass through, after a 421: they are bugs in our code, and the client keeps its
   * mail.
   *
   * @return how the session ended
   */
  public SessionEnd run() {
    boolean lastWord = true;
    try {
      SessionEnd sessionEnd = serve();
      lastWord =
          switch (sessionEnd) {
            case REFUSED, TIMEOUT, SHUTDOWN -> true;
            case QUIT, LOST, HANDSHAKE -> false;
          };
      return sessionEnd;
    } catch (SocketTimeoutException e) {
      return timedOut();
    } catch (IOException e) {
      lastWord = false;
      return SessionEnd.LOST;
    } catch (RuntimeException | Error bug) {
      apologize();
      throw bug;
    } finally {
      phase.set(Phase.ENDED);
      CommandHandler.BodyReceiver open = chunkBody;
      if (open != null) {
        open.abandoned();
      }
      if (lastWord) {
        finishQuietly();
      } else {
        closeQuietly();
      }
    }
  }

  /**
   * Ends the session soon, from any thread: at once with a 421 when it waits for a command, and
   * otherwise after the current command or body.
   */
  public void endSoon() {
    ending = true;
    if (phase.compareAndSet(Phase.IDLE, Phase.ENDED)) {
      // The owner is blocked in its read and writes nothing.
      try (Deadline _ = Deadline.after(GOODBYE, wire)) {
        ReplyWriter goodbye = new ReplyWriter();
        goodbye.append(shutdown());
        goodbye.drainTo(wire.out());
      } catch (IOException e) {
        // The peer is gone already.
      } finally {
        closeQuietly();
      }
    }
  }

  private void apologize() {
    try (Deadline _ = Deadline.after(GOODBYE, wire)) {
      ReplyWriter last = new ReplyWriter();
      last.append(Reply.of("421 4.3.0 " + handler.name() + " internal error, try again later"));
      last.drainTo(wire.out());
    } catch (IOException e) {
      // The peer is gone already.
    }
  }

  private SessionEnd serve() throws IOException {
    if (settings.refusesEarlyTalkers() && wire.in().available() > 0) {
      Reply reply = Reply.of("554 5.5.1 command sent before the greeting");
      handler.refused("connect", reply);
      return close(reply, SessionEnd.REFUSED);
    }
    Reply greeting = handler.greeting();
    if (!greeting.isPositive()) {
      return close(greeting, SessionEnd.REFUSED);
    }
    out.append(greeting);
    while (true) {
      InputLine line = nextLine();
      if (line == null) {
        return SessionEnd.SHUTDOWN;
      }
      SessionEnd end =
          switch (line) {
            case InputLine.Text t -> command(t.text());
            case InputLine.BrokenLine r ->
                refused == null ? broken(r, "command") : outOfTurn(refused);
            case InputLine.EndOfInput e -> SessionEnd.LOST;
          };
      if (end != null) {
        return end;
      }
      if (errors > settings.errors()) {
        return limit("too many errors");
      }
      if (idleCommands > settings.idleCommands()) {
        return limit("too many commands without a message");
      }
    }
  }

  private SessionEnd limit(String text) throws IOException {
    Reply reply = Reply.of("421 4.7.0 " + handler.name() + " " + text);
    handler.refused("limit", reply);
    return close(reply, SessionEnd.REFUSED);
  }

  /** The next command line; null when we are shutting down and have replied 421. */
  private @Nullable InputLine nextLine() throws IOException {
    if (ending) {
      close(shutdown(), SessionEnd.SHUTDOWN);
      return null;
    }
    if (in.hasLine()) {
      if (out.size() > HELD_REPLIES) {
        flush();
      }
      return in.read(SmtpLimits.COMMAND_LINE);
    }
    flush();
    input.startLine(chunkBody != null);
    narrow();
    phase.set(Phase.IDLE);
    if (ending && phase.compareAndSet(Phase.IDLE, Phase.BUSY)) {
      close(shutdown(), SessionEnd.SHUTDOWN);
      return null;
    }
    try {
      InputLine line = in.read(SmtpLimits.COMMAND_LINE);
      return isAwake() ? line : null;
    } catch (IOException e) {
      if (isAwake()) {
        throw e;
      }
      return null;
    }
  }

  /** False when another thread sent 421 during the wait, and closed. */
  private boolean isAwake() {
    return phase.compareAndSet(Phase.IDLE, Phase.BUSY);
  }

  private @Nullable SessionEnd command(String text) throws IOException {
    Command command = CommandParser.parse(text);
    if (command instanceof Command.Unknown unknown && OTHER_PROTOCOLS.contains(unknown.verb())) {
      Reply reply = Reply.of("554 5.5.1 this is a mail server");
      handler.refused(unknown.verb(), reply);
      return close(reply, SessionEnd.REFUSED);
    }
    String before = refused;
    if (before != null && command instanceof Command.Unknown) {
      return outOfTurn(before);
    }
    refused = null;
    count(command);
    if (command instanceof Command.Rset
        || command instanceof Command.Ehlo
        || command instanceof Command.Helo) {
      // The message whose chunks came is given up (RFC 3030 section 3).
      chunks = null;
      chunkBody = null;
    }
    return follow(handler.answer(command), command);
  }

  /** The verb of a command after which nothing may be sent before its reply, or null. */
  private static @Nullable String endOfGroup(Command command) {
    return switch (command) {
      case Command.Data c -> "DATA";
      case Command.Auth c -> "AUTH";
      case Command.Starttls c -> "STARTTLS";
      case Command.Malformed c ->
          c.verb().equals("DATA") || c.verb().equals("AUTH") || c.verb().equals("STARTTLS")
              ? c.verb()
              : null;
      case Command.Mail _, Command.Rcpt _, Command.Bdat _, Command.Quit _, Command.Ehlo _ -> null;
      case Command.Helo _, Command.Rset _, Command.Noop _, Command.Vrfy _, Command.Expn _ -> null;
      case Command.Help _, Command.Unknown _ -> null;
    };
  }

  private void count(Command command) {
    switch (command) {
      case Command.Mail _, Command.Rcpt _, Command.Data _ -> {}
      case Command.Bdat c -> idleCommands += c.size() == 0 && !c.last() ? 1 : 0;
      case Command.Quit c -> {}
      case Command.Ehlo _, Command.Helo _, Command.Rset _, Command.Noop _ -> idleCommands++;
      case Command.Vrfy _, Command.Expn _, Command.Help _, Command.Starttls _ -> idleCommands++;
      case Command.Auth _, Command.Unknown _, Command.Malformed _ -> idleCommands++;
    }
  }

  private @Nullable SessionEnd follow(CommandHandler.CommandResult answer, Command command)
      throws IOException {
    boolean chunk = command instanceof Command.Bdat;
    if (chunk && !(answer instanceof CommandHandler.CommandResult.ReceiveChunk)) {
      // RFC 3030 section 2: refused or not, the bytes come.
      SessionEnd end = dropChunk((Command.Bdat) command);
      if (end != null) {
        return end;
      }
    }
    return switch (answer) {
      case CommandHandler.CommandResult.SendReply say -> {
        if (command instanceof Command.Malformed bad && bad.verb().equals("BDAT")) {
          // The number of bytes that follow is unknown: read on, and they would be commands.
          yield close(say.reply(), SessionEnd.REFUSED);
        }
        yield answered(say.reply(), endOfGroup(command));
      }
      case CommandHandler.CommandResult.ReplyAndClose last ->
          close(
              last.reply(), command instanceof Command.Quit ? SessionEnd.QUIT : SessionEnd.REFUSED);
      case CommandHandler.CommandResult.StartTls start ->
          in.buffered() > 0 ? outOfTurn("STARTTLS") : startTls(start.server());
      case CommandHandler.CommandResult.ReceiveData data ->
          in.buffered() > 0 ? dataOutOfTurn(data.body()) : takeData(data.body());
      case CommandHandler.CommandResult.ReceiveChunk take ->
          takeChunk(take.body(), (Command.Bdat) command);
      case CommandHandler.CommandResult.SendChallenge ask ->
          in.buffered() > 0 ? outOfTurn("AUTH") : challenge(ask, command);
    };
  }

  /**
   * The reply to a command.
   *
   * @param verb of a command that ends a group, or null
   */
  private @Nullable SessionEnd answered(Reply reply, @Nullable String verb) throws IOException {
    if (verb != null && in.buffered() > 0) {
      if (reply.isPositive()) {
        return outOfTurn(verb);
      }
      // The refusal itself, so that a temporary one stays temporary.
      handler.refused(verb, early(verb));
      return close(reply, SessionEnd.REFUSED);
    }
    refused = reply.isPositive() ? null : verb;
    send(reply);
    return null;
  }

  private static Reply early(String verb) {
    return Reply.of("554 5.5.1 command sent before the reply to " + verb + " (RFC 2920 3.1)");
  }

  private void send(Reply reply) {
    if (reply.isPermanent()) {
      errors++;
    }
    out.append(reply);
  }

  private SessionEnd outOfTurn(String verb) throws IOException {
    Reply reply = early(verb);
    handler.refused(verb, reply);
    return close(reply, SessionEnd.REFUSED);
  }

  private SessionEnd dataOutOfTurn(CommandHandler.BodyReceiver body) throws IOException {
    body.abandoned();
    return outOfTurn("DATA");
  }

  private @Nullable SessionEnd broken(InputLine.BrokenLine line, String stage) throws IOException {
    Reply reply =
        line.lostLineStart()
            ? Reply.of("521 5.5.2 " + line.flaw().text() + ", closing connection")
            : Reply.of("500 5.5.2 " + line.flaw().text());
    handler.refused(stage, reply);
    if (line.lostLineStart()) {
      return close(reply, SessionEnd.REFUSED);
    }
    idleCommands++;
    send(reply);
    return null;
  }

  private @Nullable SessionEnd startTls(TlsServer server) throws IOException {
    out.append(Reply.of("220 2.0.0 go ahead"));
    flush();
    TlsWire tls;
    try {
      tls = server.accept(wire, settings.handshake());
    } catch (TlsException failure) {
      handler.handshakeFailed(failure);
      return SessionEnd.HANDSHAKE;
    }
    wire = tls;
    input = input(tls);
    in = reader(input);
    handler.encrypted(tls);
    return null;
  }

  private @Nullable SessionEnd challenge(
      CommandHandler.CommandResult.SendChallenge ask, Command command) throws IOException {
    out.append(Reply.of(334, ask.text()));
    flush();
    input.startLine(chunkBody != null);
    return switch (in.read(SmtpLimits.AUTH_LINE)) {
      case InputLine.Text t -> follow(ask.next().answer(t.text()), command);
      case InputLine.BrokenLine r -> {
        refused = "AUTH";
        yield in.buffered() > 0 ? outOfTurn("AUTH") : broken(r, "AUTH");
      }
      case InputLine.EndOfInput e -> SessionEnd.LOST;
    };
  }

  private @Nullable SessionEnd takeData(CommandHandler.BodyReceiver body) throws IOException {
    out.append(Reply.of(354, "end with <CRLF>.<CRLF>"));
    boolean decided = false;
    try {
      flush();
      DotReader reader = new DotReader(in, body.maxBytes());
      input.startBody(reader);
      BodySummary summary = read(reader, body);
      if (!summary.complete() && !summary.tooLarge() && !reader.isFlawed()) {
        return SessionEnd.LOST;
      }
      Reply reply = body.complete(summary, waiting);
      decided = true;
      return decide(reply, summary.complete());
    } finally {
      input.endBody();
      if (!decided) {
        body.abandoned();
      }
    }
  }

  private static BodySummary read(DotReader reader, CommandHandler.BodyReceiver body)
      throws IOException {
    try {
      return reader.readInto(body);
    } catch (SocketTimeoutException e) {
      if (reader.isFlawed()) {
        return reader.brokenOff();
      }
      throw e;
    }
  }

  private @Nullable SessionEnd takeChunk(CommandHandler.BodyReceiver body, Command.Bdat bdat)
      throws IOException {
    BdatReader reader = chunks;
    boolean first = reader == null || !body.equals(chunkBody);
    if (reader == null || first) {
      reader = new BdatReader(in, body.maxBytes());
      chunks = reader;
      chunkBody = body;
    }
    if (bdat.size() > body.maxBytes()
        && bdat.size() - body.maxBytes() > DotReader.DROPPED_AFTER_LIMIT) {
      return close(tooMuch(), SessionEnd.REFUSED);
    }
    if (first) {
      input.startBody();
    } else {
      input.continueBody();
    }
    boolean whole = reader.readInto(bdat.size(), body);
    input.endBody();
    if (!whole) {
      return SessionEnd.LOST;
    }
    if (bdat.last() || reader.tooLarge()) {
      // A chunk that is too large is refused at once; the chunks that still follow belong to
      // nothing.
      chunks = null;
      chunkBody = null;
      return decide(body.complete(reader.summary(), waiting), true);
    }
    send(body.chunkTaken(bdat.size()));
    return null;
  }

  private @Nullable SessionEnd dropChunk(Command.Bdat bdat) throws IOException {
    if (bdat.size() > DotReader.DROPPED_AFTER_LIMIT) {
      return close(tooMuch(), SessionEnd.REFUSED);
    }
    input.startBody();
    boolean whole = BdatReader.drop(in, bdat.size());
    input.endBody();
    return whole ? null : SessionEnd.LOST;
  }

  private static Reply tooMuch() {
    return Reply.of("552 5.3.4 message too large, closing connection");
  }

  private @Nullable SessionEnd decide(Reply reply, boolean inStep) throws IOException {
    if (reply.isPositive()) {
      idleCommands = 0;
    }
    if (!inStep) {
      return close(reply, SessionEnd.REFUSED);
    }
    send(reply);
    return null;
  }

  /** A waiting session holds little memory. */
  private void narrow() {
    in.shrink();
    if (!in.isGrown()) {
      handler.bufferShrunk();
    }
  }

  private SessionEnd timedOut() {
    Reply reply = Reply.of("421 4.4.2 " + handler.name() + " timeout exceeded");
    handler.refused("timeout", reply);
    try {
      close(reply, SessionEnd.TIMEOUT);
    } catch (IOException e) {
      // The peer is gone, which may be why it was silent.
    }
    return SessionEnd.TIMEOUT;
  }

  private Reply shutdown() {
    return Reply.of("421 4.3.2 " + handler.name() + " shutting down, try again later");
  }

  private SessionEnd close(Reply last, SessionEnd sessionEnd) throws IOException {
    out.append(last);
    flush();
    return sessionEnd;
  }

  private void flush() throws IOException {
    if (out.size() == 0) {
      return;
    }
    // Sockets have no write timeout, and a peer that does not read must not block us.
    try (Deadline _ = Deadline.after(settings.command(), wire)) {
      out.drainTo(wire.out());
    }
  }

  /** Lets the client read why, although it may still be sending. */
  private void finishQuietly() {
    try {
      wire.finish();
    } catch (IOException e) {
      // It was to be closed, and it is.
    }
  }

  private void closeQuietly() {
    try {
      wire.close();
    } catch (IOException e) {
      // It was to be closed, and it is.
    }
  }
}
