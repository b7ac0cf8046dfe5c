--
-- PostgreSQL database dump
--

\restrict SmqfwuSRF3FH8TNN8LuJZ6PDog4OCW66sFig3TgoZ2hoyohhd0TcBYObkcC7FUH

-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: number_item_event(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.number_item_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        NEW.event_id := (pg_current_xact_id()::text::bigint << 20) | NEW.seq;
        RETURN NEW;
    END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: api_key; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_key (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    tenant character varying NOT NULL,
    name character varying NOT NULL,
    prefix character varying NOT NULL,
    secret_hash bytea NOT NULL,
    scopes jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone
);


--
-- Name: api_key_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.api_key_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: api_key_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.api_key_id_seq OWNED BY public.api_key.id;


--
-- Name: doomed_object; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.doomed_object (
    object_key character varying NOT NULL,
    doomed_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: erasure; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.erasure (
    job_public_id uuid NOT NULL,
    tenant character varying NOT NULL,
    reason character varying NOT NULL,
    photos integer NOT NULL,
    erased_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: item; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.item (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    job_id bigint NOT NULL,
    seq integer NOT NULL,
    queue character varying NOT NULL,
    filename character varying NOT NULL,
    client_ref character varying,
    object_key character varying NOT NULL,
    sha256 bytea,
    byte_count bigint NOT NULL,
    state smallint NOT NULL,
    verdict smallint,
    attempts smallint NOT NULL,
    iso_crashes smallint NOT NULL,
    solo boolean NOT NULL,
    lease_token uuid,
    lease_task uuid,
    lease_until timestamp with time zone,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error character varying,
    source_url character varying,
    event_id bigint,
    CONSTRAINT ck_item_state CHECK (((state >= 0) AND (state <= 3))),
    CONSTRAINT ck_item_verdict CHECK (((state = 2) = (verdict IS NOT NULL)))
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.02');


--
-- Name: item_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: item_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.item_id_seq OWNED BY public.item.id;


--
-- Name: job; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    tenant character varying NOT NULL,
    idempotency_key character varying,
    request_hash bytea,
    parent_id bigint,
    status character varying NOT NULL,
    total integer,
    priority smallint NOT NULL,
    options jsonb NOT NULL,
    labels jsonb NOT NULL,
    client_ref character varying,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sealed_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    expires_at timestamp with time zone,
    inputs_erased_at timestamp with time zone,
    upload_until timestamp with time zone,
    seal_key character varying,
    request_id character varying,
    traceparent character varying,
    CONSTRAINT ck_job_status CHECK (((status)::text = ANY ((ARRAY['open'::character varying, 'queued'::character varying, 'running'::character varying, 'cancelling'::character varying, 'succeeded'::character varying, 'failed'::character varying, 'cancelled'::character varying, 'expired'::character varying])::text[])))
);


--
-- Name: job_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.job_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: job_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.job_id_seq OWNED BY public.job.id;


--
-- Name: job_tally; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_tally (
    job_id bigint NOT NULL,
    slot smallint NOT NULL,
    succeeded integer NOT NULL,
    no_face integer NOT NULL,
    failed integer NOT NULL,
    cancelled integer NOT NULL
);


--
-- Name: model; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    name character varying NOT NULL,
    version character varying NOT NULL,
    sha256 bytea NOT NULL,
    manifest jsonb NOT NULL,
    active boolean NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    activated_at timestamp with time zone
);


--
-- Name: model_activation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model_activation (
    id bigint NOT NULL,
    model_id bigint NOT NULL,
    previous_id bigint,
    kind character varying NOT NULL,
    actor character varying NOT NULL,
    forced boolean NOT NULL,
    activated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_model_activation_kind CHECK (((kind)::text = ANY ((ARRAY['first'::character varying, 'activate'::character varying, 'rollback'::character varying])::text[])))
);


--
-- Name: model_activation_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.model_activation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: model_activation_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.model_activation_id_seq OWNED BY public.model_activation.id;


--
-- Name: model_canary; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.model_canary (
    only_row smallint NOT NULL,
    model_id bigint NOT NULL,
    share double precision NOT NULL,
    actor character varying NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    chunks bigint NOT NULL,
    photos bigint NOT NULL,
    faces bigint NOT NULL,
    agreed bigint NOT NULL,
    abs_dp double precision NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_model_canary_only_row CHECK ((only_row = 1)),
    CONSTRAINT ck_model_canary_share CHECK (((share > (0)::double precision) AND (share <= (1)::double precision)))
);


--
-- Name: model_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: model_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.model_id_seq OWNED BY public.model.id;


--
-- Name: outcome; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outcome (
    item_id bigint NOT NULL,
    ok boolean NOT NULL,
    payload jsonb,
    error_code character varying,
    error_detail character varying,
    model_version character varying,
    milliseconds double precision,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_outcome_ok CHECK ((ok = (error_code IS NULL)))
);


--
-- Name: url_fetch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.url_fetch (
    item_id bigint NOT NULL,
    job_id bigint NOT NULL,
    attempts smallint NOT NULL,
    token uuid,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    host character varying DEFAULT ''::character varying NOT NULL
);


--
-- Name: webhook_attempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_attempt (
    id bigint NOT NULL,
    delivery_id bigint NOT NULL,
    attempted_at timestamp with time zone DEFAULT now() NOT NULL,
    result character varying NOT NULL,
    status_code smallint,
    detail character varying,
    body character varying,
    milliseconds double precision NOT NULL
);


--
-- Name: webhook_attempt_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.webhook_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: webhook_attempt_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.webhook_attempt_id_seq OWNED BY public.webhook_attempt.id;


--
-- Name: webhook_delivery; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_delivery (
    id bigint NOT NULL,
    event_id bigint NOT NULL,
    endpoint_id bigint NOT NULL,
    status character varying DEFAULT 'pending'::character varying NOT NULL,
    tries smallint DEFAULT 0 NOT NULL,
    next_at timestamp with time zone DEFAULT now() NOT NULL,
    lease_token uuid,
    lease_until timestamp with time zone,
    finished_at timestamp with time zone,
    CONSTRAINT ck_webhook_delivery_status CHECK (((status)::text = ANY ((ARRAY['pending'::character varying, 'delivered'::character varying, 'failed'::character varying])::text[])))
);


--
-- Name: webhook_delivery_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.webhook_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: webhook_delivery_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.webhook_delivery_id_seq OWNED BY public.webhook_delivery.id;


--
-- Name: webhook_endpoint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_endpoint (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    tenant character varying NOT NULL,
    url character varying NOT NULL,
    description character varying,
    events jsonb NOT NULL,
    secret bytea NOT NULL,
    former_secret bytea,
    former_until timestamp with time zone,
    enabled boolean NOT NULL,
    disabled_reason character varying,
    disabled_at timestamp with time zone,
    failing_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_webhook_endpoint_disabled_reason CHECK (((disabled_reason)::text = ANY ((ARRAY['user'::character varying, 'gone'::character varying, 'failing'::character varying])::text[]))),
    CONSTRAINT ck_webhook_endpoint_enabled CHECK ((enabled = (disabled_reason IS NULL)))
);


--
-- Name: webhook_endpoint_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.webhook_endpoint_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: webhook_endpoint_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.webhook_endpoint_id_seq OWNED BY public.webhook_endpoint.id;


--
-- Name: webhook_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhook_event (
    id bigint NOT NULL,
    public_id uuid NOT NULL,
    type character varying NOT NULL,
    data jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: webhook_event_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.webhook_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: webhook_event_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.webhook_event_id_seq OWNED BY public.webhook_event.id;


--
-- Name: worker; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.worker (
    id uuid NOT NULL,
    kind character varying NOT NULL,
    host character varying NOT NULL,
    pid integer NOT NULL,
    model_version character varying,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    beat_at timestamp with time zone DEFAULT now() NOT NULL,
    claimed_at timestamp with time zone,
    current jsonb
);


--
-- Name: api_key id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key ALTER COLUMN id SET DEFAULT nextval('public.api_key_id_seq'::regclass);


--
-- Name: item id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item ALTER COLUMN id SET DEFAULT nextval('public.item_id_seq'::regclass);


--
-- Name: job id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job ALTER COLUMN id SET DEFAULT nextval('public.job_id_seq'::regclass);


--
-- Name: model id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model ALTER COLUMN id SET DEFAULT nextval('public.model_id_seq'::regclass);


--
-- Name: model_activation id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_activation ALTER COLUMN id SET DEFAULT nextval('public.model_activation_id_seq'::regclass);


--
-- Name: webhook_attempt id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_attempt ALTER COLUMN id SET DEFAULT nextval('public.webhook_attempt_id_seq'::regclass);


--
-- Name: webhook_delivery id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_delivery ALTER COLUMN id SET DEFAULT nextval('public.webhook_delivery_id_seq'::regclass);


--
-- Name: webhook_endpoint id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_endpoint ALTER COLUMN id SET DEFAULT nextval('public.webhook_endpoint_id_seq'::regclass);


--
-- Name: webhook_event id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_event ALTER COLUMN id SET DEFAULT nextval('public.webhook_event_id_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.alembic_version (version_num) FROM stdin;
0010
\.


--
-- Data for Name: api_key; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.api_key (id, public_id, tenant, name, prefix, secret_hash, scopes, created_at, last_used_at, revoked_at) FROM stdin;
3	01a2290f-4a90-7b84-86b4-9387985ae519	acme	reader	hfer_dev_19Q	\\x648ce9ec86e5ae9079bc72204e1c29412be1569c60d7f55f81aca0f7f72444ab	["jobs:read"]	2026-11-29 20:46:37.713911+00	\N	\N
5	01a2290f-4b1d-7776-8ddf-c068799e0708	another	other	hfer_dev_F9W	\\x52680ceed7a782cf3d98548dc340eff5ba794795e3d67302f298aeb3edc0231e	["jobs:read", "jobs:write"]	2026-11-29 20:46:37.866754+00	\N	\N
6	01a2290f-4b73-7e23-9e09-18a146cb3b27	acme	revoked	hfer_dev_O_D	\\x3bcf53cc02947f5c3da31dbc1af2e25ad5ff36f6d2dd76edd484c36a7b42b4d7	["jobs:read"]	2026-11-29 20:46:37.944075+00	\N	2026-11-29 20:46:38.021519+00
1	01a2290f-45b4-7d3f-984a-9f960625a0d6	default	bootstrap (HFER_API__ADMIN_KEY)	hfer_local_m	\\x0002170fb1782c8dfa848016e14fe286594292c95d575dce4e4f756de192f31f	["admin"]	2026-11-29 20:46:36.756062+00	2026-11-29 20:46:37.568056+00	\N
2	01a2290f-4a2a-7c06-a436-bb7ab42ebdbb	acme	user	hfer_dev__kf	\\xf7601a691abc2335b330cf74fb6644c6bd0ffe14833d0173bcaae0e2b0b6c44a	["jobs:read", "jobs:write"]	2026-11-29 20:46:37.619793+00	2026-11-29 20:48:00.23234+00	\N
4	01a2290f-4ad2-7979-b965-f1cdfe81460f	acme	models	hfer_dev_8Je	\\xe0537baceedd4233f83a4972dab3c3a41526a1dc8696debb7e83def78a5808c0	["models:admin"]	2026-11-29 20:46:37.784831+00	2026-11-29 20:48:12.01962+00	\N
\.


--
-- Data for Name: doomed_object; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.doomed_object (object_key, doomed_at) FROM stdin;
photos/822b33ad87c148a0/075bfd2da5a61b1c0549cf7ca3338faffb6ac5413647717f3259fb3795783536	2026-11-29 20:48:06.388144+00
\.


--
-- Data for Name: erasure; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.erasure (job_public_id, tenant, reason, photos, erased_at) FROM stdin;
01a22910-a296-747a-92fc-74bc2472a8ad	acme	user	1	2026-11-29 20:48:06.388144+00
\.


--
-- Data for Name: item; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.item (id, public_id, job_id, seq, queue, filename, client_ref, object_key, sha256, byte_count, state, verdict, attempts, iso_crashes, solo, lease_token, lease_task, lease_until, next_at, last_error, source_url, event_id) FROM stdin;
44	01a22911-3234-7fce-adc4-75a4b9def1fb	15	0	interactive	queued-0.jpg	\N	photos/822b33ad87c148a0/6116ced83022b56982b2db2affb55b05c78f9fe45c163d753e25e728439d6e8e	\\x6116ced83022b56982b2db2affb55b05c78f9fe45c163d753e25e728439d6e8e	6170	0	\N	0	0	f	\N	\N	\N	2026-11-29 20:48:42.563165+00	\N	\N	\N
45	01a22911-3234-74eb-9b64-ec2cab2604c9	15	1	interactive	queued-1.jpg	\N	photos/822b33ad87c148a0/b0365166a2f9108b92e4c7b5aae7e5dcf1a3b8b6b9891f02dfd5f3c38371e3cd	\\xb0365166a2f9108b92e4c7b5aae7e5dcf1a3b8b6b9891f02dfd5f3c38371e3cd	977	0	\N	0	0	f	\N	\N	\N	2026-11-29 20:48:42.563165+00	\N	\N	\N
1	01a2290f-52af-73b9-9c89-101051c557cb	1	0	interactive	expired-0.jpg	\N	photos/822b33ad87c148a0/32bab4976ee85df2681258097f357c757bfb72a1ee607cb30e7fbec3024423ee	\\x32bab4976ee85df2681258097f357c757bfb72a1ee607cb30e7fbec3024423ee	6170	3	\N	0	0	f	\N	\N	\N	2026-11-29 20:46:40.069832+00	\N	\N	\N
2	01a2290f-52b9-79c9-a0dd-508bda235220	1	1	interactive	expired-1.jpg	\N	photos/822b33ad87c148a0/773f7d063aec1fe3cdc42963f38fab9100791bdf366a002d71387b25f3dcbec0	\\x773f7d063aec1fe3cdc42963f38fab9100791bdf366a002d71387b25f3dcbec0	6170	3	\N	0	0	f	\N	\N	\N	2026-11-29 20:46:40.069832+00	\N	\N	\N
3	01a2290f-9ff2-7cce-8aee-84e30c0d9f75	2	0	interactive	cancelled-0.jpg	\N	photos/822b33ad87c148a0/d6bda2f82a0bdc7f5b00feabab10ca50614fccd11f54ceabb87273bc869ed7a9	\\xd6bda2f82a0bdc7f5b00feabab10ca50614fccd11f54ceabb87273bc869ed7a9	6170	3	\N	0	0	f	\N	\N	\N	2026-11-29 20:46:59.809641+00	\N	\N	\N
4	01a2290f-9fff-7bb2-bd05-427d07f04c8e	2	1	interactive	cancelled-1.jpg	\N	photos/822b33ad87c148a0/3d57afda8eae258821715d43a80af3d448beaa291bcce4513439219149a6eb05	\\x3d57afda8eae258821715d43a80af3d448beaa291bcce4513439219149a6eb05	6170	3	\N	0	0	f	\N	\N	\N	2026-11-29 20:46:59.809641+00	\N	\N	\N
5	01a22910-8d2e-781a-adf7-81cef90e46c7	3	0	interactive	succeeded-0.jpg	\N	photos/822b33ad87c148a0/ca526e41b4c4dd474fc7c8e5e06ca04995c7de2c49c75c2fb9cbaaff11b7d20f	\\xca526e41b4c4dd474fc7c8e5e06ca04995c7de2c49c75c2fb9cbaaff11b7d20f	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:00.439615+00	\N	\N	860880896
6	01a22910-8d2e-7847-b1df-108d125fc1f3	3	1	interactive	succeeded-1.jpg	\N	photos/822b33ad87c148a0/5239311b65fb39d0695d1d5ff8d5c101af08b574870047d353fa994d1d2d7743	\\x5239311b65fb39d0695d1d5ff8d5c101af08b574870047d353fa994d1d2d7743	22203	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:00.439615+00	\N	\N	860880897
7	01a22910-8d2e-771e-9212-662a567cdb47	3	2	interactive	succeeded-2.jpg	\N	photos/822b33ad87c148a0/df3a2d33596f282a4380e1dd4a0c44a4ca587b6a544838a5f5258422b1f54432	\\xdf3a2d33596f282a4380e1dd4a0c44a4ca587b6a544838a5f5258422b1f54432	977	2	1	1	0	f	\N	\N	\N	2026-11-29 20:48:00.439615+00	\N	\N	860880898
8	01a22910-8d39-70af-8807-0e5fab28fcf3	3	3	interactive	succeeded-3.jpg	\N	photos/822b33ad87c148a0/5c255985bebfb45a4f5d20bd6d53afae1587174a7e89ada2cde6a51fc42639d8	\\x5c255985bebfb45a4f5d20bd6d53afae1587174a7e89ada2cde6a51fc42639d8	6657	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:00.439615+00	\N	\N	860880899
9	01a22910-97d6-7587-994d-73abd2d5f8bf	4	0	interactive	mixed-0.jpg	\N	photos/822b33ad87c148a0/81595802fe49e9abdc7ce4beeff987295383750ff468f2d91c7c5224edd1da53	\\x81595802fe49e9abdc7ce4beeff987295383750ff468f2d91c7c5224edd1da53	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	\N	\N	868220928
11	01a22910-97d6-746e-a426-3ab6713a3903	4	2	interactive	mixed-2.jpg	\N		\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855	0	2	2	0	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	\N	\N	866123778
39	01a22910-dfea-7277-a8ae-89e412a0e420	14	0	interactive	cancelling-0.jpg	\N	photos/822b33ad87c148a0/ff2d79891e9c851d38c1490ff468c65848908cc3e9b865efb47585fa698375fe	\\xff2d79891e9c851d38c1490ff468c65848908cc3e9b865efb47585fa698375fe	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:21.537445+00	\N	\N	997195776
40	01a22910-dfeb-7448-ab2c-2a7d7d59b0a9	14	1	interactive	cancelling-1.jpg	\N	photos/822b33ad87c148a0/93ca423dd3085ef24f42126b93c799675b8fbd3f4fceb6dd163ac8bcb0c57771	\\x93ca423dd3085ef24f42126b93c799675b8fbd3f4fceb6dd163ac8bcb0c57771	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:21.537445+00	\N	\N	997195777
10	01a22910-97d6-72ec-95c7-eff11e4cf53c	4	1	interactive	mixed-1.jpg	\N	photos/822b33ad87c148a0/81f0de4a170c5b2804504f6b653fe8bb221ed71347d7105dc7a4c0cdc2ca0f60	\\x81f0de4a170c5b2804504f6b653fe8bb221ed71347d7105dc7a4c0cdc2ca0f60	177	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	too_many_pixels	\N	868220929
12	01a22910-97d6-7648-8def-e4ed716abd7a	4	3	interactive	mixed-3.jpg	\N	photos/822b33ad87c148a0/deb478df77fb8cc1aafdf1a59223f1d694cad349bcf3dab7a8546f80a3ee8c1d	\\xdeb478df77fb8cc1aafdf1a59223f1d694cad349bcf3dab7a8546f80a3ee8c1d	524	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	unsupported_format	\N	869269507
13	01a22910-97d6-7428-ab71-d13692ee96cd	4	4	interactive	mixed-4.jpg	\N	photos/822b33ad87c148a0/44a6017e28c510e75949cc124fc26bca6898c2772990310b14b3508a34c8a6bd	\\x44a6017e28c510e75949cc124fc26bca6898c2772990310b14b3508a34c8a6bd	900	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	unsupported_format	\N	869269508
14	01a22910-97d6-7958-aa4e-58adf4275742	4	5	interactive	mixed-5.jpg	\N	photos/822b33ad87c148a0/4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	\\x4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	77	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	too_small	\N	870318085
15	01a22910-97d6-75c5-a225-12a735af2d3e	4	6	interactive	mixed-6.jpg	\N	photos/822b33ad87c148a0/892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	\\x892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	13101	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:03.089055+00	truncated	\N	870318086
16	01a22910-9ec8-703f-b487-22fbc6d837d8	5	0	interactive	failed-0.jpg	\N	photos/822b33ad87c148a0/4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	\\x4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	77	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:04.862233+00	too_small	\N	875560960
17	01a22910-9ec8-7747-b75e-c40ca43d405d	5	1	interactive	failed-1.jpg	\N	photos/822b33ad87c148a0/892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	\\x892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	13101	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:04.862233+00	truncated	\N	875560961
18	01a22910-a04e-7090-8b89-ac898a477111	6	0	interactive	mixed-1.jpg	\N	photos/822b33ad87c148a0/81f0de4a170c5b2804504f6b653fe8bb221ed71347d7105dc7a4c0cdc2ca0f60	\\x81f0de4a170c5b2804504f6b653fe8bb221ed71347d7105dc7a4c0cdc2ca0f60	177	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:05.16805+00	too_many_pixels	\N	881852416
19	01a22910-a04e-7e4b-b202-cee20c616b2e	6	1	interactive	mixed-3.jpg	\N	photos/822b33ad87c148a0/deb478df77fb8cc1aafdf1a59223f1d694cad349bcf3dab7a8546f80a3ee8c1d	\\xdeb478df77fb8cc1aafdf1a59223f1d694cad349bcf3dab7a8546f80a3ee8c1d	524	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:05.16805+00	unsupported_format	\N	881852417
20	01a22910-a04e-7246-b2cb-e9c49900c5fc	6	2	interactive	mixed-4.jpg	\N	photos/822b33ad87c148a0/44a6017e28c510e75949cc124fc26bca6898c2772990310b14b3508a34c8a6bd	\\x44a6017e28c510e75949cc124fc26bca6898c2772990310b14b3508a34c8a6bd	900	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:05.16805+00	unsupported_format	\N	881852418
21	01a22910-a04e-7600-b1e3-d48643511229	6	3	interactive	mixed-5.jpg	\N	photos/822b33ad87c148a0/4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	\\x4a258dc43df34a5a27e4f9dfb23176931ff3beb8b00829f5a73426d0e7eea1b1	77	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:05.16805+00	too_small	\N	881852419
22	01a22910-a04e-7530-9749-64b3a38dc630	6	4	interactive	mixed-6.jpg	\N	photos/822b33ad87c148a0/892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	\\x892854c46b1d22a7210fcb282861064fad84c146ac364ed2f9f2125584f21856	13101	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:05.16805+00	truncated	\N	881852420
26	01a22910-a588-7433-93cb-3357b5e7c295	8	2	interactive	3	\N		\N	0	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:07.49295+00	fetch_failed	http://127.0.0.1:41391/gone/3	900726786
27	01a22910-a588-7828-8ac6-cf2ccdc82726	8	3	interactive	4	\N		\N	0	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:07.892103+00	fetch_blocked	http://127.0.0.1:41391/inside/4	901775363
25	01a22910-a588-7529-96c2-4d59b9fc9e67	8	1	interactive	2	\N	photos/822b33ad87c148a0/04d40f9670e9d7940600b316846a358b464d278fc968506f1b7b7f5c66a85ca5	\\x04d40f9670e9d7940600b316846a358b464d278fc968506f1b7b7f5c66a85ca5	17	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:08.024984+00	truncated	http://127.0.0.1:41391/ok/2	905969665
24	01a22910-a588-79d6-b856-448e4a5b5657	8	0	interactive	1	\N	photos/822b33ad87c148a0/96e97c936e94547cc9f201c73fa2e983cc2ef0f9025a5fded7f51c960bbf67bd	\\x96e97c936e94547cc9f201c73fa2e983cc2ef0f9025a5fded7f51c960bbf67bd	17	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:08.088032+00	truncated	http://127.0.0.1:41391/ok/1	905969664
28	01a22910-ada3-74bc-8ded-6108b23cb8cf	9	0	batch	photo-0.jpg	\N	photos/822b33ad87c148a0/01a22910ad7c7705ad051b0f2c4e91fd/000/3d9d00f734a40e9e7ece0edbf8bae4fb11d7c9ade62d0311a626a2c6aa60d7a8	\\x3d9d00f734a40e9e7ece0edbf8bae4fb11d7c9ade62d0311a626a2c6aa60d7a8	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:08.568064+00	\N	\N	917504000
33	01a22910-c229-7678-b756-c87bf03e46db	12	0	interactive	another-0.jpg	\N	photos/822b33ad87c148a0/8794fa3782fbc9b2de54a1216d40aefca0dc04339e9e0d11fc655973abe9e8b8	\\x8794fa3782fbc9b2de54a1216d40aefca0dc04339e9e0d11fc655973abe9e8b8	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:13.900039+00	\N	\N	963641344
34	01a22910-de6d-7144-ab0b-443d2f700fb3	13	0	interactive	running-0.jpg	\N	photos/822b33ad87c148a0/6677ad473cf9292a8c87158b03f1602ebf0f97669d388d41032384fa8fdbbec3	\\x6677ad473cf9292a8c87158b03f1602ebf0f97669d388d41032384fa8fdbbec3	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:21.141686+00	\N	\N	990904320
35	01a22910-de6d-7416-957a-e39548eac68a	13	1	interactive	running-1.jpg	\N	photos/822b33ad87c148a0/0fd7ee247434862adf6892803e2cd27ff0d3d22375ae9ba2b97833b4328a0ba7	\\x0fd7ee247434862adf6892803e2cd27ff0d3d22375ae9ba2b97833b4328a0ba7	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:21.141686+00	\N	\N	990904321
30	01a22910-ada3-74f1-a2f9-d2eec8d36fdf	9	2	batch	photo-2.jpg	\N	photos/822b33ad87c148a0/01a22910ad7c7705ad051b0f2c4e91fd/000/8a6bb05774b2af6465b5ea927e069fbc501b946b2f2032cb279e8ca34a48fecc	\\x8a6bb05774b2af6465b5ea927e069fbc501b946b2f2032cb279e8ca34a48fecc	6170	2	2	1	0	f	\N	\N	\N	2026-11-29 20:48:08.568064+00	hash_mismatch	\N	917504002
46	01a22911-32a5-7bf8-90a6-c51c39405286	16	0	interactive	9	\N		\N	0	0	\N	0	0	f	\N	\N	\N	9999-01-01 00:00:00+00	\N	http://127.0.0.1:41391/ok/9	\N
47	01a22911-32a5-7ba8-b24d-bb6239365bc7	16	1	interactive	10	\N		\N	0	0	\N	0	0	f	\N	\N	\N	9999-01-01 00:00:00+00	\N	http://127.0.0.1:41391/ok/10	\N
29	01a22910-ada3-7363-bc9a-c62b7ab296de	9	1	batch	photo-1.jpg	\N	photos/822b33ad87c148a0/01a22910ad7c7705ad051b0f2c4e91fd/000/70f8605184a095ce3393499fbd11521b66004f4ffd0c1687d087c1ce169037ce	\\x70f8605184a095ce3393499fbd11521b66004f4ffd0c1687d087c1ce169037ce	6170	2	2	3	0	f	\N	\N	\N	2026-11-29 20:48:10.236259+00	object_missing	\N	924844033
31	01a22910-b716-743a-8ed0-5668f052e273	10	0	interactive	upload	\N	photos/822b33ad87c148a0/1a33867885eee1054a1dabbfefd1b350cb8b759542d9d1d0da09f4b1f9d22ebe	\\x1a33867885eee1054a1dabbfefd1b350cb8b759542d9d1d0da09f4b1f9d22ebe	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:11.085274+00	\N	\N	933232640
32	01a22910-bdc1-75bd-b9c6-652eed9dce4a	11	0	interactive	canary 10-0.jpg	\N	photos/822b33ad87c148a0/32bab4976ee85df2681258097f357c757bfb72a1ee607cb30e7fbec3024423ee	\\x32bab4976ee85df2681258097f357c757bfb72a1ee607cb30e7fbec3024423ee	6170	2	0	1	0	f	\N	\N	\N	2026-11-29 20:48:12.776643+00	\N	\N	955252736
36	01a22910-de6e-7c78-9b3e-4636ca7958d3	13	2	interactive	running-2.jpg	\N	photos/822b33ad87c148a0/735a62c42f3048dd75c1e2eda07fce7302ae4c773313fb9dc5d1992b59ccda5e	\\x735a62c42f3048dd75c1e2eda07fce7302ae4c773313fb9dc5d1992b59ccda5e	6174	1	\N	1	0	f	8db01889-b4a7-47fd-911b-8929005675b9	97ba2eb8-d21f-4718-9288-26dc4bd5cb45	2026-11-29 20:50:39.737027+00	2026-11-29 20:48:21.141686+00	\N	\N	\N
37	01a22910-de6f-7828-863b-8d741a2727d0	13	3	interactive	running-3.jpg	\N	photos/822b33ad87c148a0/568bdb89e8c5c25a0c2574ff296dab67fb5ddab5236c182dda0c4846e9243591	\\x568bdb89e8c5c25a0c2574ff296dab67fb5ddab5236c182dda0c4846e9243591	6174	1	\N	1	0	f	8db01889-b4a7-47fd-911b-8929005675b9	97ba2eb8-d21f-4718-9288-26dc4bd5cb45	2026-11-29 20:50:39.737027+00	2026-11-29 20:48:21.141686+00	\N	\N	\N
38	01a22910-de6f-7dbe-972b-adb57fe53935	13	4	interactive	running-4.jpg	\N	photos/822b33ad87c148a0/d70e814192d589dd2ad5c4d1d69c84a5df485defba8633b8cdd03e97e6661872	\\xd70e814192d589dd2ad5c4d1d69c84a5df485defba8633b8cdd03e97e6661872	6174	1	\N	1	0	f	497ea07b-5ee7-48bc-bff8-d481bac96bd1	97ba2eb8-d21f-4718-9288-26dc4bd5cb45	2026-11-29 20:50:39.975025+00	2026-11-29 20:48:21.141686+00	\N	\N	\N
48	01a22911-3374-759e-89e1-29921eb567c1	17	0	batch	photo-0.jpg	\N	photos/822b33ad87c148a0/01a22911336d7ad4b1918281a7741680/000/a778a1245db0908efcf7425dbd00ac3848eee6047dedb0988170bdb92b94f06a	\\xa778a1245db0908efcf7425dbd00ac3848eee6047dedb0988170bdb92b94f06a	6170	0	\N	0	0	f	\N	\N	\N	2026-11-29 20:48:42.853176+00	\N	\N	\N
49	01a22911-3374-7eb1-b66d-0aede139c2ac	17	1	batch	photo-1.jpg	\N	photos/822b33ad87c148a0/01a22911336d7ad4b1918281a7741680/000/4ae8f81e63aab675742e73e3121a762cd38cc28e5f7101548f71e6e99f6a8fd2	\\x4ae8f81e63aab675742e73e3121a762cd38cc28e5f7101548f71e6e99f6a8fd2	6170	0	\N	0	0	f	\N	\N	\N	2026-11-29 20:48:42.853176+00	\N	\N	\N
41	01a22910-dfeb-732e-b7ce-00235776a039	14	2	interactive	cancelling-2.jpg	\N	photos/822b33ad87c148a0/bb530d504c309431b84563d88cf87ce7f6b3edfc454ca15b447a5de6987dfe12	\\xbb530d504c309431b84563d88cf87ce7f6b3edfc454ca15b447a5de6987dfe12	6174	1	\N	1	0	f	6528da56-c7ff-4b3d-95d1-a6e9a92739ea	207c87a0-e166-4e68-b1c8-6415cfd660c8	2026-11-29 20:50:40.816728+00	2026-11-29 20:48:21.537445+00	\N	\N	\N
42	01a22910-dfeb-7bbe-9acc-ec6074bb2d39	14	3	interactive	cancelling-3.jpg	\N	photos/822b33ad87c148a0/418e3011db24d521b8c0ee9ce569becc651f8beb5f56fc1f586671fad07bb695	\\x418e3011db24d521b8c0ee9ce569becc651f8beb5f56fc1f586671fad07bb695	6174	1	\N	1	0	f	ae88e796-26be-4b50-b302-49dc2b512a64	207c87a0-e166-4e68-b1c8-6415cfd660c8	2026-11-29 20:50:40.868044+00	2026-11-29 20:48:21.537445+00	\N	\N	\N
43	01a22910-dfeb-7b69-adf3-62b2c770ad7b	14	4	interactive	cancelling-4.jpg	\N	photos/822b33ad87c148a0/927c943ebbf105c7161589fff4e64908ce221a1cbb2412528586d15effad280d	\\x927c943ebbf105c7161589fff4e64908ce221a1cbb2412528586d15effad280d	6174	3	\N	0	0	f	\N	\N	\N	2026-11-29 20:48:21.537445+00	\N	\N	\N
\.


--
-- Data for Name: job; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.job (id, public_id, tenant, idempotency_key, request_hash, parent_id, status, total, priority, options, labels, client_ref, created_at, sealed_at, started_at, finished_at, cancel_requested_at, expires_at, inputs_erased_at, upload_until, seal_key, request_id, traceparent) FROM stdin;
1	01a2290f-53da-7b6c-955c-209606a17233	acme	key of expired	\\x813bff131e3711e0f7acbf6c36f04d1a209998855b405af94ece2313963c3933	\N	expired	2	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	expired	2026-11-29 20:46:40.069832+00	2026-11-29 20:46:40.069832+00	\N	2026-11-29 20:46:42.002792+00	\N	2026-11-29 20:46:41.069832+00	\N	\N	\N	01a2290f527f74a0ad30354909394946	\N
2	01a2290f-a0f4-7f8e-baa8-5dd68f6f2327	acme	key of cancelled	\\x508c067858cbb55c0fa084a1dc0f12524e1b059e6d65a9bfa1ff64dea4aa3340	\N	cancelled	2	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	cancelled	2026-11-29 20:46:59.809641+00	2026-11-29 20:46:59.809641+00	\N	2026-11-29 20:47:03.050772+00	2026-11-29 20:47:01.872042+00	2126-11-30 20:46:59.809641+00	\N	\N	\N	01a2290f9f427b6d9e895494bfbecfaa	\N
3	01a22910-8dd8-7182-9f29-753206c5a5f4	acme	key of succeeded	\\x1eb0cbf5f342c934d1ebb9ca7e9a43bff2445c1aee9ad2a55c2b48a9232c756f	\N	succeeded	4	0	{"top_n": 3, "annotated": true, "min_face_px": 20, "detection_threshold": 0.9}	{"album": "2026-11", "shoot": "7"}	succeeded	2026-11-29 20:48:00.439615+00	2026-11-29 20:48:00.439615+00	2026-11-29 20:48:00.662543+00	2026-11-29 20:48:02.564439+00	\N	2126-11-30 20:48:00.439615+00	\N	\N	\N	01a229108cd77abfa8a7c58228fa706d	\N
4	01a22910-9813-7fa9-8a05-a2004bf9c2c5	acme	key of mixed	\\xddc5dccad82adcacbb9a7f100fc54ce2010fd512dd7c272c82c8a163822a6fef	\N	succeeded	7	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{"album": "2026-11"}	mixed	2026-11-29 20:48:03.089055+00	2026-11-29 20:48:03.089055+00	2026-11-29 20:48:03.210428+00	2026-11-29 20:48:04.587772+00	\N	2126-11-30 20:48:03.089055+00	\N	\N	\N	01a22910977c7a7782d0c364fb7b17dc	\N
14	01a22910-e035-707a-8e7f-3386e23177c4	acme	key of cancelling	\\x5f9fd0bd20e727a241e17a8f6ebb9e0a683fb94bd7232259f8fd6abdb60c5e5c	\N	cancelling	5	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	cancelling	2026-11-29 20:48:21.537445+00	2026-11-29 20:48:21.537445+00	2026-11-29 20:48:40.732081+00	\N	2026-11-29 20:48:41.201904+00	2126-11-30 20:48:21.537445+00	\N	\N	\N	01a22910dfaa70f0ab807f054e730120	\N
5	01a22910-9f04-7f93-8312-c9b132101709	acme	key of failed	\\x195b67086f92bb4df05e07f7458b54065e331639a3658b222bc72c300b87e710	\N	failed	2	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	failed	2026-11-29 20:48:04.862233+00	2026-11-29 20:48:04.862233+00	2026-11-29 20:48:04.951283+00	2026-11-29 20:48:05.013013+00	\N	2126-11-30 20:48:04.862233+00	\N	\N	\N	01a229109e957eeb82c86515564f1d3c	\N
9	01a22910-ad7c-7705-ad05-1b0f2c4e91fd	acme	key of the upload	\N	\N	succeeded	3	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	sealed	2026-11-29 20:48:08.568064+00	2026-11-29 20:48:09.271204+00	2026-11-29 20:48:09.40239+00	2026-11-29 20:48:10.801672+00	\N	2126-11-30 20:48:09.271204+00	\N	2126-11-30 20:48:08.568064+00	key of the seal	01a22910b0087de2a531aed7e67d1daa	\N
6	01a22910-a060-72b7-bc43-3d48632a43e3	acme	key of the retry	\\x5640ff4a34846f017229b967d7ba9bfc4b95e0ed195d062171f281b8f057580d	4	failed	5	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{"album": "2026-11"}	mixed	2026-11-29 20:48:05.16805+00	2026-11-29 20:48:05.16805+00	2026-11-29 20:48:05.300104+00	2026-11-29 20:48:05.391402+00	\N	2126-11-30 20:48:05.16805+00	\N	\N	\N	01a229109ff7797fa121c4ab7589f410	\N
15	01a22911-3245-746f-8372-462f97a15cd1	acme	key of queued	\\x69e09c9f67004256326601b2aae0c061c946b7058002a2090c582cbf888def73	\N	queued	2	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{"album": "2026-11"}	queued	2026-11-29 20:48:42.563165+00	2026-11-29 20:48:42.563165+00	\N	\N	\N	2126-11-30 20:48:42.563165+00	\N	\N	\N	01a2291132007f16bb20c040f3a8ca36	\N
8	01a22910-a5a0-7813-90b4-c14736d875ab	acme	key of fetched	\\x70bad2e3267c8122ccf8d39e619b15663421d3b870b60e85e4d8ba9383f69397	\N	failed	4	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	\N	2026-11-29 20:48:06.548873+00	2026-11-29 20:48:06.548873+00	2026-11-29 20:48:06.835883+00	2026-11-29 20:48:08.279252+00	\N	2126-11-30 20:48:06.548873+00	\N	\N	\N	01a22910a564776c9b65253e93ecdd55	\N
16	01a22911-32ba-72f3-b30f-ce7b42fd778b	acme	key of waiting	\\xda88cf7d80e8b3542f51bf926e5d525304d652bc61bd508e79f3637a8c3156d1	\N	queued	2	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	\N	2026-11-29 20:48:42.671851+00	2026-11-29 20:48:42.671851+00	\N	\N	\N	2126-11-30 20:48:42.671851+00	\N	\N	\N	01a22911328b7f90a9336a55f31ac00e	\N
10	01a22910-b751-72ca-85f7-2c94bb20de36	acme	\N	\N	\N	succeeded	1	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	\N	2026-11-29 20:48:11.085274+00	2026-11-29 20:48:11.085274+00	2026-11-29 20:48:11.14476+00	2026-11-29 20:48:11.376519+00	\N	2126-11-30 20:48:11.085274+00	\N	\N	\N	01a22910b6cd7b3cb6efaf3ed0b3f282	\N
11	01a22910-bdf9-7b90-8c86-36f8aa6a31db	acme	key of canary 10	\\xe380afe768a5ba160028225bdf7ed2f18a3e643f49297e5655065c6064122d28	\N	succeeded	1	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	canary 10	2026-11-29 20:48:12.776643+00	2026-11-29 20:48:12.776643+00	2026-11-29 20:48:13.169046+00	2026-11-29 20:48:13.471757+00	\N	2126-11-30 20:48:12.776643+00	\N	\N	\N	01a22910bd987e92b0c55d43fa9d432f	\N
17	01a22911-336d-7ad4-b191-8281a7741680	acme	key of open	\N	\N	open	2	0	{}	{}	\N	2026-11-29 20:48:42.853176+00	\N	\N	\N	\N	\N	\N	2126-11-30 20:48:42.853176+00	\N	\N	\N
12	01a22910-c251-7a18-a624-e1c23a9a06c6	acme	key of another	\\xb59e318630b5dfb9b482287de402f09793d40ce9c14c6dfdb5f885028e347e1b	\N	succeeded	1	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	another	2026-11-29 20:48:13.900039+00	2026-11-29 20:48:13.900039+00	2026-11-29 20:48:13.983165+00	2026-11-29 20:48:14.252063+00	\N	2126-11-30 20:48:13.900039+00	\N	\N	\N	01a22910c1ea797aa4cff7acdc18235a	\N
13	01a22910-dea4-7fda-9327-ce0a688ce287	acme	key of running	\\xfa9c42e6ceac70f54d77b5d69aabd40a1d7ab72d1359b2b3bc1c62dd1953a2c2	\N	running	5	0	{"top_n": 3, "annotated": false, "min_face_px": 20, "detection_threshold": 0.9}	{}	running	2026-11-29 20:48:21.141686+00	2026-11-29 20:48:21.141686+00	2026-11-29 20:48:39.606124+00	\N	\N	2126-11-30 20:48:21.141686+00	\N	\N	\N	01a22910de4c7928800dc7ecf2cd2c5c	\N
\.


--
-- Data for Name: job_tally; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.job_tally (job_id, slot, succeeded, no_face, failed, cancelled) FROM stdin;
1	3	0	0	0	2
2	4	0	0	0	2
3	13	3	1	0	0
4	2	0	0	1	0
4	13	1	0	5	0
5	6	0	0	2	0
6	6	0	0	5	0
8	0	0	0	1	0
8	13	0	0	3	0
9	6	1	0	2	0
10	6	1	0	0	0
11	13	1	0	0	0
12	6	1	0	0	0
13	4	2	0	0	0
14	8	2	0	0	0
14	3	0	0	0	1
\.


--
-- Data for Name: model; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.model (id, public_id, name, version, sha256, manifest, active, created_at, activated_at) FROM stdin;
1	01a22910-898e-7cf0-b5ec-ce710dfd70e9	tiny	0.1.0	\\x00884b3a5c469b047c3e997047dc74746b36c38e250933a2bc23b3b7e872b163	{"name": "tiny", "files": {"golden.npz": "66b66cfeeb55951840cd90836dcae77f7a595f85e071c9912733454a40965f29", "model.onnx": "d573bc794ab71af18cd90961ab407634bfc04e3c540198e75eebc6e538b4735b"}, "input": {"std": [63.75], "mean": [127.5], "size": 12, "channels": 1, "centre_dx": 0.0, "centre_dy": 0.0, "crop_margin": 0.2}, "labels": ["surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"], "recipe": {"seed": 0}, "metrics": {"accuracy": 0.14285714285714285}, "version": "0.1.0", "created_at": "2026-11-23T00:00:00Z", "prior_shift": [0.1, 0.0, -0.1, 0.0, 0.2, 0.0, 0.0], "temperature": 1.5, "git_revision": "0000000000000000000000000000000000000000", "training_data": {"name": "random numbers", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "licence": "CC0-1.0"}, "format_version": 1, "abstention_threshold": 0.4}	t	2026-11-29 20:47:59.364805+00	2026-11-29 20:48:12.448606+00
3	01a22910-bb52-7738-9358-77229a4c0cd9	tiny	0.2.0	\\x956988b4acdd890a8fb63b63855dbfa4e41570b4ad4324400841b04bea969efc	{"name": "tiny", "files": {"golden.npz": "fe2a7851d6ab14cd4ea42cc18c7c707f980b1bc3790439d1207bd6de335db262", "model.onnx": "9d4419d142a84214bf3ae9da59b01a2737e1d550bb15456294a153558774de1b"}, "input": {"std": [63.75], "mean": [127.5], "size": 12, "channels": 1, "centre_dx": 0.0, "centre_dy": 0.0, "crop_margin": 0.2}, "labels": ["surprise", "fear", "disgust", "happiness", "anger", "sadness", "neutral"], "recipe": {"seed": 0}, "metrics": {"accuracy": 0.14285714285714285}, "version": "0.2.0", "created_at": "2026-11-23T00:00:00Z", "prior_shift": [0.1, 0.0, -0.1, 0.0, 0.2, 0.0, 0.0], "temperature": 1.5, "git_revision": "0000000000000000000000000000000000000000", "training_data": {"name": "random numbers", "sha256": "0000000000000000000000000000000000000000000000000000000000000000", "licence": "CC0-1.0"}, "format_version": 1, "abstention_threshold": 0.4}	f	2026-11-29 20:48:12.100046+00	2026-11-29 20:48:12.2568+00
\.


--
-- Data for Name: model_activation; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.model_activation (id, model_id, previous_id, kind, actor, forced, activated_at) FROM stdin;
1	1	\N	first	worker	f	2026-11-29 20:47:59.364805+00
2	3	1	activate	key_01a2290f4ad27979b965f1cdfe81460f	t	2026-11-29 20:48:12.2568+00
3	1	3	rollback	key_01a2290f4ad27979b965f1cdfe81460f	f	2026-11-29 20:48:12.448606+00
\.


--
-- Data for Name: model_canary; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.model_canary (only_row, model_id, share, actor, started_at, chunks, photos, faces, agreed, abs_dp, updated_at) FROM stdin;
1	3	0.25	key_01a2290f4ad27979b965f1cdfe81460f	2026-11-29 20:48:13.712575+00	1	2	5	5	0	2026-11-29 20:48:39.784886+00
\.


--
-- Data for Name: outcome; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.outcome (item_id, ok, payload, error_code, error_detail, model_version, milliseconds, created_at) FROM stdin;
5	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.4654908736614213, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03373107107587929, 0.048432196699701106, 0.001622157843444721, 0.20997123598860556, 0.0058741824929111315, 0.6754621096500268, 0.024907046249431318]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	378.2749569999737	2026-11-29 20:48:02.498341+00
6	t	{"faces": [{"box": [161.16481018066406, 174.095947265625, 41.5865478515625, 52.70555114746094], "blur": 10283.298611111111, "margin": 0.6051180994297448, "landmarks": [[170.81015014648438, 192.36618041992188], [191.060791015625, 191.11900329589844], [181.8329620361328, 202.54827880859375], [173.8936004638672, 212.07101440429688], [190.9871826171875, 210.97650146484375]], "uncertain": false, "confidence": 0.9997710585594177, "face_index": 0, "probabilities": [0.022321800576683305, 0.03834872441036744, 0.0067269457332248955, 0.14430894223489665, 0.007066846105812928, 0.7494270416646415, 0.03179969927437335]}, {"box": [184.3284149169922, 30.502582550048828, 33.52400207519531, 41.14052963256836], "blur": 11949.871913580246, "margin": 0.5505689994796444, "landmarks": [[192.62490844726562, 44.13501739501953], [209.81829833984375, 43.209312438964844], [201.642822265625, 53.46638870239258], [194.91522216796875, 61.03734588623047], [209.76760864257812, 60.19896697998047]], "uncertain": false, "confidence": 0.9998200535774231, "face_index": 1, "probabilities": [0.03415936519374224, 0.09977834305192505, 0.10176861210359513, 0.04649530978361616, 0.029553203813094703, 0.6523376115832396, 0.035907554470787195]}, {"box": [362.1829833984375, 25.81317710876465, 27.5875244140625, 32.18096733093262], "blur": 10322.09702932099, "margin": 0.32082441373696935, "landmarks": [[369.02337646484375, 36.85386276245117], [382.66107177734375, 35.91120529174805], [376.2558288574219, 43.18351745605469], [370.7582702636719, 50.28004837036133], [382.61663818359375, 49.50042724609375]], "uncertain": false, "confidence": 0.9993098974227905, "face_index": 2, "probabilities": [0.02617145928939628, 0.22061512756033055, 0.043930765258111744, 0.10914011020121468, 0.007968885438310066, 0.5414395412972999, 0.05073411095533678]}, {"box": [54.27524948120117, 23.428739547729492, 21.498104095458984, 26.880006790161133], "blur": 7563.0625, "margin": 0.24541062246050438, "landmarks": [[60.824153900146484, 32.760284423828125], [71.96162414550781, 33.32368087768555], [66.22647857666016, 39.583946228027344], [60.09314727783203, 42.50852966308594], [71.04856872558594, 43.25786590576172]], "uncertain": false, "confidence": 0.9987832903862, "face_index": 3, "probabilities": [0.1771462411058698, 0.01852162880443194, 0.0007868394945113065, 0.14455952848165263, 0.02849151670180751, 0.19254181147561117, 0.43795243393611555]}, {"box": [44.72736358642578, 163.013671875, 16.886035919189453, 20.603561401367188], "blur": 7519.67009066358, "margin": 0.28986279541628235, "landmarks": [[50.46420669555664, 170.21475219726562], [58.841285705566406, 170.4541015625], [54.727447509765625, 174.90301513671875], [50.185585021972656, 177.82583618164062], [58.18900680541992, 178.35128784179688]], "uncertain": false, "confidence": 0.9993873834609985, "face_index": 4, "probabilities": [0.08462165758477613, 0.02078969452398363, 0.0006131237707284274, 0.0844171318964352, 0.016641275465871047, 0.2515271606709616, 0.5413899560872439]}], "width": 420, "height": 290, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	378.2749569999737	2026-11-29 20:48:02.498341+00
7	t	{"faces": [], "width": 160, "height": 120, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	378.2749569999737	2026-11-29 20:48:02.498341+00
8	t	{"faces": [{"box": [59.50702667236328, 29.7642822265625, 87.50666046142578, 109.64280700683594], "blur": 10925.509066358025, "margin": 0.6340978163285622, "landmarks": [[80.66703033447266, 66.9178466796875], [124.35462951660156, 64.2580795288086], [103.71006774902344, 89.5062255859375], [86.84205627441406, 110.34255981445312], [122.83909606933594, 107.72702026367188]], "uncertain": false, "confidence": 0.998404324054718, "face_index": 0, "probabilities": [0.02698553985447441, 0.07225524865007521, 0.007889927443799655, 0.11254971868003398, 0.005432361821827065, 0.7466475350085962, 0.02823966854119348]}], "width": 200, "height": 180, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	378.2749569999737	2026-11-29 20:48:02.498341+00
11	f	\N	empty	The file is empty; send it again.	\N	\N	2026-11-29 20:48:03.089055+00
9	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.4654908736614213, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03373107107587929, 0.048432196699701106, 0.001622157843444721, 0.20997123598860556, 0.0058741824929111315, 0.6754621096500268, 0.024907046249431318]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	70.09209000000283	2026-11-29 20:48:04.45033+00
10	f	\N	too_many_pixels	The photo has 60000x60000 pixels; the limit is 50000000 in all.	tiny-0.1.0+00884b3a	70.09209000000283	2026-11-29 20:48:04.45033+00
12	f	\N	unsupported_format	The file is not a photo that can be read; send JPEG, PNG, WEBP, BMP, TIFF.	tiny-0.1.0+00884b3a	0.21716050002851262	2026-11-29 20:48:04.489079+00
13	f	\N	unsupported_format	The file is not a photo that can be read; send JPEG, PNG, WEBP, BMP, TIFF.	tiny-0.1.0+00884b3a	0.21716050002851262	2026-11-29 20:48:04.489079+00
14	f	\N	too_small	The photo has 8x8 pixels; each side needs at least 20.	tiny-0.1.0+00884b3a	0.6175190000021757	2026-11-29 20:48:04.552286+00
15	f	\N	truncated	The JPEG file ends too early; send it whole.	tiny-0.1.0+00884b3a	0.6175190000021757	2026-11-29 20:48:04.552286+00
16	f	\N	too_small	The photo has 8x8 pixels; each side needs at least 20.	tiny-0.1.0+00884b3a	4.029550000041127	2026-11-29 20:48:04.980461+00
17	f	\N	truncated	The JPEG file ends too early; send it whole.	tiny-0.1.0+00884b3a	4.029550000041127	2026-11-29 20:48:04.980461+00
18	f	\N	too_many_pixels	The photo has 60000x60000 pixels; the limit is 50000000 in all.	tiny-0.1.0+00884b3a	4.363080400025865	2026-11-29 20:48:05.373937+00
19	f	\N	unsupported_format	The file is not a photo that can be read; send JPEG, PNG, WEBP, BMP, TIFF.	tiny-0.1.0+00884b3a	4.363080400025865	2026-11-29 20:48:05.373937+00
20	f	\N	unsupported_format	The file is not a photo that can be read; send JPEG, PNG, WEBP, BMP, TIFF.	tiny-0.1.0+00884b3a	4.363080400025865	2026-11-29 20:48:05.373937+00
21	f	\N	too_small	The photo has 8x8 pixels; each side needs at least 20.	tiny-0.1.0+00884b3a	4.363080400025865	2026-11-29 20:48:05.373937+00
22	f	\N	truncated	The JPEG file ends too early; send it whole.	tiny-0.1.0+00884b3a	4.363080400025865	2026-11-29 20:48:05.373937+00
26	f	\N	fetch_failed	The server of the URL answered 404; name a URL that gives the photo.	\N	\N	2026-11-29 20:48:07.49295+00
27	f	\N	fetch_blocked	The port of the URL is not among 41391.	\N	\N	2026-11-29 20:48:07.892103+00
25	f	\N	truncated	The JPEG file ends too early; send it whole.	tiny-0.1.0+00884b3a	4.972099000042363	2026-11-29 20:48:08.234719+00
24	f	\N	truncated	The JPEG file ends too early; send it whole.	tiny-0.1.0+00884b3a	4.972099000042363	2026-11-29 20:48:08.234719+00
28	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.4654908736614213, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03373107107587929, 0.048432196699701106, 0.001622157843444721, 0.20997123598860556, 0.0058741824929111315, 0.6754621096500268, 0.024907046249431318]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	157.64812599991274	2026-11-29 20:48:09.61514+00
30	f	\N	hash_mismatch	The stored photo is not the one that was sent; send it again.	tiny-0.1.0+00884b3a	157.64812599991274	2026-11-29 20:48:09.61514+00
29	f	\N	object_missing	The stored photo is gone; send it again.	tiny-0.1.0+00884b3a	\N	2026-11-29 20:48:10.782344+00
31	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.4654908736614213, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03373107107587929, 0.048432196699701106, 0.001622157843444721, 0.20997123598860556, 0.0058741824929111315, 0.6754621096500268, 0.024907046249431318]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	153.8060499999574	2026-11-29 20:48:11.344518+00
33	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.4654908736614213, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03373107107587929, 0.048432196699701106, 0.001622157843444721, 0.20997123598860556, 0.0058741824929111315, 0.6754621096500268, 0.024907046249431318]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	155.87817599998743	2026-11-29 20:48:14.197656+00
32	t	{"faces": [{"box": [56.955047607421875, 37.04274368286133, 61.58867645263672, 77.4385871887207], "blur": 13011.165461033952, "margin": 0.29748007499708023, "landmarks": [[74.02989196777344, 64.39112854003906], [103.18638610839844, 63.196502685546875], [91.08551788330078, 79.70552062988281], [77.17367553710938, 93.09791564941406], [102.88275909423828, 91.69883728027344]], "uncertain": false, "confidence": 0.9999783039093018, "face_index": 0, "probabilities": [0.03528687457945666, 0.003090781468117282, 0.30231072920647856, 0.03893683686373806, 0.5997908042035588, 0.005509481962219776, 0.015074491716430794]}], "width": 171, "height": 200, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.2.0+956988b4	232.67182800009323	2026-11-29 20:48:13.420691+00
34	t	{"faces": [{"box": [0.0, 119.0, 32.0, 40.0], "blur": 173.0, "margin": 0.092457, "landmarks": [[0.0, 119.0], [1.0, 120.0], [2.0, 121.0], [3.0, 122.0], [4.0, 123.0]], "uncertain": true, "confidence": 0.99, "face_index": 0, "probabilities": [0.125304, 0.145985, 0.211679, 0.087591, 0.074209, 0.304136, 0.051095]}, {"box": [40.0, 119.0, 32.0, 40.0], "blur": 173.0, "margin": 0.099738, "landmarks": [[40.0, 119.0], [41.0, 120.0], [42.0, 121.0], [43.0, 122.0], [44.0, 123.0]], "uncertain": true, "confidence": 0.99, "face_index": 1, "probabilities": [0.15748, 0.228346, 0.094488, 0.080052, 0.328084, 0.055118, 0.05643]}], "width": 640, "height": 480, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.2.0+956988b4	10.730709999961618	2026-11-29 20:48:39.784886+00
35	t	{"faces": [{"box": [0.0, 215.0, 32.0, 40.0], "blur": 238.0, "margin": 0.02829, "landmarks": [[0.0, 215.0], [1.0, 216.0], [2.0, 217.0], [3.0, 218.0], [4.0, 219.0]], "uncertain": true, "confidence": 0.99, "face_index": 0, "probabilities": [0.01968, 0.265683, 0.293973, 0.04551, 0.143911, 0.065191, 0.166052]}, {"box": [40.0, 215.0, 32.0, 40.0], "blur": 238.0, "margin": 0.027381, "landmarks": [[40.0, 215.0], [41.0, 216.0], [42.0, 217.0], [43.0, 218.0], [44.0, 219.0]], "uncertain": true, "confidence": 0.99, "face_index": 1, "probabilities": [0.257143, 0.284524, 0.044048, 0.139286, 0.063095, 0.160714, 0.05119]}, {"box": [80.0, 215.0, 32.0, 40.0], "blur": 238.0, "margin": 0.017689, "landmarks": [[80.0, 215.0], [81.0, 216.0], [82.0, 217.0], [83.0, 218.0], [84.0, 219.0]], "uncertain": true, "confidence": 0.99, "face_index": 2, "probabilities": [0.28184, 0.043632, 0.137972, 0.0625, 0.159198, 0.050708, 0.264151]}], "width": 640, "height": 480, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.2.0+956988b4	10.730709999961618	2026-11-29 20:48:39.784886+00
39	t	{"faces": [{"box": [0.0, 45.0, 32.0, 40.0], "blur": 121.0, "margin": 0.111991, "landmarks": [[0.0, 45.0], [1.0, 46.0], [2.0, 47.0], [3.0, 48.0], [4.0, 49.0]], "uncertain": true, "confidence": 0.99, "face_index": 0, "probabilities": [0.289593, 0.052036, 0.138009, 0.156109, 0.035068, 0.177602, 0.151584]}, {"box": [40.0, 45.0, 32.0, 40.0], "blur": 121.0, "margin": 0.028876, "landmarks": [[40.0, 45.0], [41.0, 46.0], [42.0, 47.0], [43.0, 48.0], [44.0, 49.0]], "uncertain": true, "confidence": 0.99, "face_index": 1, "probabilities": [0.069909, 0.18541, 0.209726, 0.047112, 0.238602, 0.203647, 0.045593]}, {"box": [80.0, 45.0, 32.0, 40.0], "blur": 121.0, "margin": 0.028401, "landmarks": [[80.0, 45.0], [81.0, 46.0], [82.0, 47.0], [83.0, 48.0], [84.0, 49.0]], "uncertain": true, "confidence": 0.99, "face_index": 2, "probabilities": [0.182362, 0.206278, 0.046338, 0.234679, 0.200299, 0.044843, 0.085202]}], "width": 640, "height": 480, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	2.895551999927193	2026-11-29 20:48:40.848002+00
40	t	{"faces": [{"box": [0.0, 202.0, 32.0, 40.0], "blur": 66.0, "margin": 0.011307, "landmarks": [[0.0, 202.0], [1.0, 203.0], [2.0, 204.0], [3.0, 205.0], [4.0, 206.0]], "uncertain": true, "confidence": 0.99, "face_index": 0, "probabilities": [0.18593, 0.255025, 0.084171, 0.077889, 0.266332, 0.011307, 0.119347]}, {"box": [40.0, 202.0, 32.0, 40.0], "blur": 66.0, "margin": 0.034792, "landmarks": [[40.0, 202.0], [41.0, 203.0], [42.0, 204.0], [43.0, 205.0], [44.0, 206.0]], "uncertain": true, "confidence": 0.99, "face_index": 1, "probabilities": [0.227834, 0.075196, 0.069585, 0.237935, 0.010101, 0.106622, 0.272727]}, {"box": [80.0, 202.0, 32.0, 40.0], "blur": 66.0, "margin": 0.040364, "landmarks": [[80.0, 202.0], [81.0, 203.0], [82.0, 204.0], [83.0, 205.0], [84.0, 206.0]], "uncertain": true, "confidence": 0.99, "face_index": 2, "probabilities": [0.08724, 0.080729, 0.276042, 0.011719, 0.123698, 0.316406, 0.104167]}], "width": 640, "height": 480, "faces_truncated": false, "exif_orientation": 1}	\N	\N	tiny-0.1.0+00884b3a	2.895551999927193	2026-11-29 20:48:40.848002+00
\.


--
-- Data for Name: url_fetch; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.url_fetch (item_id, job_id, attempts, token, next_at, host) FROM stdin;
46	16	0	\N	2026-11-29 20:48:42.671851+00	127.0.0.1
47	16	0	\N	2026-11-29 20:48:42.671851+00	127.0.0.1
\.


--
-- Data for Name: webhook_attempt; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.webhook_attempt (id, delivery_id, attempted_at, result, status_code, detail, body, milliseconds) FROM stdin;
1	1	2026-11-29 20:46:39.624342+00	delivered	204	\N		157.92534199999864
2	2	2026-11-29 20:46:42.670247+00	delivered	204	\N		21.4672850001989
3	3	2026-11-29 20:46:42.700616+00	gone	410	\N		24.231057999941186
4	4	2026-11-29 20:46:43.320464+00	delivered	204	\N		10.70163299982596
5	5	2026-11-29 20:47:03.330643+00	delivered	204	\N		25.704354000026797
6	7	2026-11-29 20:48:02.849629+00	refused	503	\N		15.01356200014925
7	6	2026-11-29 20:48:02.852699+00	delivered	204	\N		19.7726149999653
8	9	2026-11-29 20:48:04.985096+00	refused	503	\N		11.553400000138936
9	8	2026-11-29 20:48:04.985038+00	delivered	204	\N		31.71292399997583
10	10	2026-11-29 20:48:05.57018+00	delivered	204	\N		2.4017490000005637
11	11	2026-11-29 20:48:05.570159+00	refused	503	\N		4.105058000050121
12	12	2026-11-29 20:48:05.570989+00	delivered	204	\N		4.741186000046582
13	13	2026-11-29 20:48:06.121675+00	refused	503	\N		12.023476999956983
14	14	2026-11-29 20:48:06.693551+00	delivered	204	\N		9.15952000013931
15	15	2026-11-29 20:48:06.688377+00	refused	503	\N		7.896948000052362
16	16	2026-11-29 20:48:08.838841+00	delivered	204	\N		14.391262999879473
17	17	2026-11-29 20:48:08.84641+00	refused	503	\N		9.626385000046866
18	7	2026-11-29 20:48:08.901178+00	refused	503	\N		2.063745999976163
19	9	2026-11-29 20:48:10.436348+00	refused	503	\N		4.563329999882626
20	18	2026-11-29 20:48:10.991222+00	delivered	204	\N		3.3875159999752213
21	19	2026-11-29 20:48:11.015362+00	refused	503	\N		21.171849999973347
22	20	2026-11-29 20:48:11.556624+00	delivered	204	\N		5.079104000060397
23	13	2026-11-29 20:48:11.557029+00	refused	503	\N		7.975559999977122
24	21	2026-11-29 20:48:11.612432+00	refused	503	\N		5.162280000149622
25	11	2026-11-29 20:48:12.144639+00	refused	503	\N		18.658241999901293
26	15	2026-11-29 20:48:12.76521+00	refused	503	\N		29.618647000006604
27	23	2026-11-29 20:48:12.762999+00	delivered	204	\N		14.727660000062315
28	22	2026-11-29 20:48:12.762486+00	delivered	204	\N		21.14595500006544
29	25	2026-11-29 20:48:13.834078+00	refused	503	\N		16.955279000058
30	24	2026-11-29 20:48:13.836456+00	delivered	204	\N		20.805009000014252
31	17	2026-11-29 20:48:14.428687+00	refused	503	\N		6.9650819998514635
32	26	2026-11-29 20:48:14.432132+00	delivered	204	\N		6.914210999866555
33	27	2026-11-29 20:48:15.004638+00	refused	503	\N		5.793132000007972
34	19	2026-11-29 20:48:17.112287+00	refused	503	\N		9.092044999988502
35	21	2026-11-29 20:48:17.673098+00	refused	503	\N		8.717349000107788
36	25	2026-11-29 20:48:19.766466+00	refused	503	\N		12.522006000153851
37	27	2026-11-29 20:48:20.858223+00	refused	503	\N		2.9999600001247018
\.


--
-- Data for Name: webhook_delivery; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.webhook_delivery (id, event_id, endpoint_id, status, tries, next_at, lease_token, lease_until, finished_at) FROM stdin;
1	1	1	delivered	1	2026-11-29 20:46:38.894095+00	\N	\N	2026-11-29 20:46:39.624342+00
2	2	1	delivered	1	2026-11-29 20:46:42.002792+00	\N	\N	2026-11-29 20:46:42.670247+00
3	2	2	failed	1	2026-11-29 20:46:42.002792+00	\N	\N	2026-11-29 20:46:42.700616+00
4	3	1	delivered	1	2026-11-29 20:46:42.700616+00	\N	\N	2026-11-29 20:46:43.320464+00
5	4	1	delivered	1	2026-11-29 20:47:03.050772+00	\N	\N	2026-11-29 20:47:03.330643+00
6	5	1	delivered	1	2026-11-29 20:48:02.564439+00	\N	\N	2026-11-29 20:48:02.852699+00
8	6	1	delivered	1	2026-11-29 20:48:04.587772+00	\N	\N	2026-11-29 20:48:04.985038+00
10	7	1	delivered	1	2026-11-29 20:48:05.013013+00	\N	\N	2026-11-29 20:48:05.57018+00
12	8	1	delivered	1	2026-11-29 20:48:05.391402+00	\N	\N	2026-11-29 20:48:05.570989+00
14	9	1	delivered	1	2026-11-29 20:48:06.138749+00	\N	\N	2026-11-29 20:48:06.693551+00
16	10	1	delivered	1	2026-11-29 20:48:08.279252+00	\N	\N	2026-11-29 20:48:08.838841+00
7	5	3	pending	2	2026-11-29 20:53:51.481127+00	\N	\N	\N
9	6	3	pending	2	2026-11-29 20:53:56.592191+00	\N	\N	\N
18	11	1	delivered	1	2026-11-29 20:48:10.801672+00	\N	\N	2026-11-29 20:48:10.991222+00
20	12	1	delivered	1	2026-11-29 20:48:11.376519+00	\N	\N	2026-11-29 20:48:11.556624+00
13	8	3	pending	2	2026-11-29 20:53:20.207871+00	\N	\N	\N
11	7	3	pending	2	2026-11-29 20:54:03.363802+00	\N	\N	\N
23	14	1	delivered	1	2026-11-29 20:48:12.448606+00	\N	\N	2026-11-29 20:48:12.762999+00
22	13	1	delivered	1	2026-11-29 20:48:12.2568+00	\N	\N	2026-11-29 20:48:12.762486+00
15	9	3	pending	2	2026-11-29 20:53:50.765669+00	\N	\N	\N
24	15	1	delivered	1	2026-11-29 20:48:13.471757+00	\N	\N	2026-11-29 20:48:13.836456+00
26	16	1	delivered	1	2026-11-29 20:48:14.252063+00	\N	\N	2026-11-29 20:48:14.432132+00
17	10	3	pending	2	2026-11-29 20:54:01.754363+00	\N	\N	\N
19	11	3	pending	2	2026-11-29 20:54:08.089934+00	\N	\N	\N
21	12	3	pending	2	2026-11-29 20:53:26.256456+00	\N	\N	\N
25	15	3	pending	2	2026-11-29 20:53:36.184684+00	\N	\N	\N
27	16	3	pending	2	2026-11-29 20:54:03.115319+00	\N	\N	\N
\.


--
-- Data for Name: webhook_endpoint; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.webhook_endpoint (id, public_id, tenant, url, description, events, secret, former_secret, former_until, enabled, disabled_reason, disabled_at, failing_since, created_at) FROM stdin;
4	01a2290f-4db5-7a6f-a3a6-f9d1ffc2b1bb	acme	http://127.0.0.1:44493/hook	off	["job.succeeded", "job.failed", "job.cancelled", "job.expired", "model.activated", "endpoint.disabled"]	\\x674141414141427244493875356a75595333456f7552667663696f6562684d6a3864737a5764344b70305765456d74524d55454965724e61667247316679507779535a336142474853644c72456c346668514e6d2d776c704b61545074514637485f3766776b593237376574376e6e6a705159616b576d595967416d743354477a5a50635f636c52616c4334	\N	\N	f	user	2026-11-29 20:46:38.627202+00	\N	2026-11-29 20:46:38.50911+00
1	01a2290f-4c41-7b29-b278-98096d9aacac	acme	http://127.0.0.1:44493/hook	well	["job.succeeded", "job.failed", "job.cancelled", "job.expired", "model.activated", "endpoint.disabled"]	\\x674141414141427244493875517149343574777268474658546e534238556961764e35367a3055547774615256386f456b323674547571767a2d46666c6a3056776b65773374434245456f64663845523044697a7573385867722d447941486951665756344f4d7758775161666556514a783049574f66475a4e4538344430724d6a566d655479685f43366f	\\x674141414141427244493875775f7655654d334535626464395041434a5830485173525074374b54685366686a4c5262733178435434422d3849755545384d516e6b4a30646264545961615a6934776b395f436b6c2d754f7341484b38626366754965524631726e56674a636470377637314c4251515143335f795a673855697366544559416c6c644b6859	2026-11-30 20:46:38.768915+00	t	\N	\N	\N	2026-11-29 20:46:38.1331+00
2	01a2290f-4cb1-7654-8db0-fb2a8e954ca9	acme	http://127.0.0.1:43205/hook	gone	["job.succeeded", "job.failed", "job.cancelled", "job.expired", "model.activated", "endpoint.disabled"]	\\x6741414141414272444938754e77502d5a6848767767456251545047626432355569792d6f4c393765787a475136707550626e426e424468747a56495f4c354938414a44587678305474377878744e6b647758704f46362d76683971336b6e676a47356452784b693537526f36656a507833736663567a5778756b724e724574337230706d5132695364396b	\N	\N	f	gone	2026-11-29 20:46:42.700616+00	2026-11-29 20:46:42.700616+00	2026-11-29 20:46:38.255535+00
3	01a2290f-4d33-7f49-90c3-e5a63ec0c86c	acme	http://127.0.0.1:44733/hook	ill	["job.succeeded", "job.failed"]	\\x6741414141414272444938754768422d7845707a6b70357671684947436c54567253303438664f616e3444416e723248624a62624a56587238423970454849493345485555364c47336d4948516b44444d7035384c372d71766b6a7953616d6f57424d4e564e334c74744836715a5f74486259656b6f78574942342d396378504866516d64544d4933434f32	\N	\N	t	\N	\N	2026-11-29 20:48:02.849629+00	2026-11-29 20:46:38.383415+00
\.


--
-- Data for Name: webhook_event; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.webhook_event (id, public_id, type, data, created_at) FROM stdin;
1	01a2290f-4f3e-7487-85b6-c3a51c017b34	endpoint.test	{"id": "whe_01a2290f4c417b29b27898096d9aacac"}	2026-11-29 20:46:38.894095+00
2	01a2290f-5b73-7432-9617-e6656562d844	job.expired	{"id": "job_01a2290f53da7b6c955c209606a17233", "counts": {"total": 2, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 2, "succeeded": 0}, "status": "expired", "client_ref": "expired"}	2026-11-29 20:46:42.002792+00
3	01a2290f-5e44-7059-b96d-8cff79225f43	endpoint.disabled	{"id": "whe_01a2290f4cb176548db0fb2a8e954ca9", "reason": "gone"}	2026-11-29 20:46:42.700616+00
4	01a2290f-adbf-7f6e-a40a-6eac20115a09	job.cancelled	{"id": "job_01a2290fa0f47f8ebaa85dd68f6f2327", "counts": {"total": 2, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 2, "succeeded": 0}, "status": "cancelled", "client_ref": "cancelled"}	2026-11-29 20:47:03.050772+00
5	01a22910-9657-7d1d-bb5c-72f3e87e9705	job.succeeded	{"id": "job_01a229108dd871829f29753206c5a5f4", "counts": {"total": 4, "failed": 0, "queued": 0, "no_face": 1, "running": 0, "cancelled": 0, "succeeded": 3}, "status": "succeeded", "client_ref": "succeeded"}	2026-11-29 20:48:02.564439+00
6	01a22910-9e04-77c9-a6d3-98c6e32b5247	job.succeeded	{"id": "job_01a2291098137fa98a05a2004bf9c2c5", "counts": {"total": 7, "failed": 6, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": "mixed"}	2026-11-29 20:48:04.587772+00
7	01a22910-9fb1-7ec4-9389-69f36715be28	job.failed	{"id": "job_01a229109f047f938312c9b132101709", "counts": {"total": 2, "failed": 2, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 0}, "status": "failed", "client_ref": "failed"}	2026-11-29 20:48:05.013013+00
8	01a22910-a122-7398-b441-7602e9d00e83	job.failed	{"id": "job_01a22910a06072b7bc433d48632a43e3", "counts": {"total": 5, "failed": 5, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 0}, "status": "failed", "client_ref": "mixed"}	2026-11-29 20:48:05.391402+00
9	01a22910-a41d-742d-a6db-dfe4758cff74	job.succeeded	{"id": "job_01a22910a296747a92fc74bc2472a8ad", "counts": {"total": 1, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": "erased"}	2026-11-29 20:48:06.138749+00
10	01a22910-ac78-7005-b7f6-af03c994cd26	job.failed	{"id": "job_01a22910a5a0781390b4c14736d875ab", "counts": {"total": 4, "failed": 4, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 0}, "status": "failed", "client_ref": null}	2026-11-29 20:48:08.279252+00
11	01a22910-b644-7679-9b0e-ef7cae4a36a1	job.succeeded	{"id": "job_01a22910ad7c7705ad051b0f2c4e91fd", "counts": {"total": 3, "failed": 2, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": "sealed"}	2026-11-29 20:48:10.801672+00
12	01a22910-b888-7f31-8b27-937d22ee79dc	job.succeeded	{"id": "job_01a22910b75172ca85f72c94bb20de36", "counts": {"total": 1, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": null}	2026-11-29 20:48:11.376519+00
13	01a22910-bc32-761d-964e-096d2b358e05	model.activated	{"id": "mdl_01a22910bb527738935877229a4c0cd9", "model_version": "tiny-0.2.0+956988b4", "former_model_version": "tiny-0.1.0+00884b3a"}	2026-11-29 20:48:12.2568+00
14	01a22910-bcdd-7efb-8cc4-34ca6e4bf06f	model.activated	{"id": "mdl_01a22910898e7cf0b5ecce710dfd70e9", "model_version": "tiny-0.1.0+00884b3a", "former_model_version": "tiny-0.2.0+956988b4"}	2026-11-29 20:48:12.448606+00
15	01a22910-c0bb-7b95-9c55-44a9dfc9f83d	job.succeeded	{"id": "job_01a22910bdf97b908c8636f8aa6a31db", "counts": {"total": 1, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": "canary 10"}	2026-11-29 20:48:13.471757+00
16	01a22910-c3d4-76de-b26f-19839e25eb52	job.succeeded	{"id": "job_01a22910c2517a18a624e1c23a9a06c6", "counts": {"total": 1, "failed": 0, "queued": 0, "no_face": 0, "running": 0, "cancelled": 0, "succeeded": 1}, "status": "succeeded", "client_ref": "another"}	2026-11-29 20:48:14.252063+00
\.


--
-- Data for Name: worker; Type: TABLE DATA; Schema: public; Owner: -
--

COPY public.worker (id, kind, host, pid, model_version, started_at, beat_at, claimed_at, current) FROM stdin;
9f58bbdd-cddf-4f75-b0a0-33adc2d78d2f	cpu	made-up-host	25435	tiny-0.1.0+00884b3a	2026-11-29 20:48:39.515779+00	2026-11-29 20:48:39.515779+00	\N	{"faces": 0, "main_pid": "25373", "precision": "fp32", "rss_bytes": 157364224, "seconds_per_photo": null}
a2e43d96-02c8-47a8-ab17-0db0ccb37037	cpu	made-up-host	25459	tiny-0.1.0+00884b3a	2026-11-29 20:48:40.465202+00	2026-11-29 20:48:40.465202+00	\N	{"faces": 0, "main_pid": "25373", "precision": "fp32", "rss_bytes": 157368320, "seconds_per_photo": null}
\.


--
-- Name: api_key_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.api_key_id_seq', 7, true);


--
-- Name: item_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.item_id_seq', 49, true);


--
-- Name: job_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.job_id_seq', 17, true);


--
-- Name: model_activation_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.model_activation_id_seq', 3, true);


--
-- Name: model_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.model_id_seq', 5, true);


--
-- Name: webhook_attempt_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.webhook_attempt_id_seq', 37, true);


--
-- Name: webhook_delivery_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.webhook_delivery_id_seq', 27, true);


--
-- Name: webhook_endpoint_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.webhook_endpoint_id_seq', 4, true);


--
-- Name: webhook_event_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.webhook_event_id_seq', 16, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: api_key pk_api_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT pk_api_key PRIMARY KEY (id);


--
-- Name: doomed_object pk_doomed_object; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.doomed_object
    ADD CONSTRAINT pk_doomed_object PRIMARY KEY (object_key);


--
-- Name: erasure pk_erasure; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.erasure
    ADD CONSTRAINT pk_erasure PRIMARY KEY (job_public_id);


--
-- Name: item pk_item; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT pk_item PRIMARY KEY (id);


--
-- Name: job pk_job; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT pk_job PRIMARY KEY (id);


--
-- Name: job_tally pk_job_tally; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_tally
    ADD CONSTRAINT pk_job_tally PRIMARY KEY (job_id, slot);


--
-- Name: model pk_model; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model
    ADD CONSTRAINT pk_model PRIMARY KEY (id);


--
-- Name: model_activation pk_model_activation; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_activation
    ADD CONSTRAINT pk_model_activation PRIMARY KEY (id);


--
-- Name: model_canary pk_model_canary; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_canary
    ADD CONSTRAINT pk_model_canary PRIMARY KEY (only_row);


--
-- Name: outcome pk_outcome; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT pk_outcome PRIMARY KEY (item_id);


--
-- Name: url_fetch pk_url_fetch; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.url_fetch
    ADD CONSTRAINT pk_url_fetch PRIMARY KEY (item_id);


--
-- Name: webhook_attempt pk_webhook_attempt; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_attempt
    ADD CONSTRAINT pk_webhook_attempt PRIMARY KEY (id);


--
-- Name: webhook_delivery pk_webhook_delivery; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT pk_webhook_delivery PRIMARY KEY (id);


--
-- Name: webhook_endpoint pk_webhook_endpoint; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_endpoint
    ADD CONSTRAINT pk_webhook_endpoint PRIMARY KEY (id);


--
-- Name: webhook_event pk_webhook_event; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_event
    ADD CONSTRAINT pk_webhook_event PRIMARY KEY (id);


--
-- Name: worker pk_worker; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.worker
    ADD CONSTRAINT pk_worker PRIMARY KEY (id);


--
-- Name: api_key uq_api_key_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT uq_api_key_public_id UNIQUE (public_id);


--
-- Name: api_key uq_api_key_secret_hash; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_key
    ADD CONSTRAINT uq_api_key_secret_hash UNIQUE (secret_hash);


--
-- Name: item uq_item_job_id_seq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT uq_item_job_id_seq UNIQUE (job_id, seq);


--
-- Name: item uq_item_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT uq_item_public_id UNIQUE (public_id);


--
-- Name: job uq_job_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_public_id UNIQUE (public_id);


--
-- Name: job uq_job_tenant_idempotency_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_tenant_idempotency_key UNIQUE (tenant, idempotency_key);


--
-- Name: job uq_job_tenant_seal_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT uq_job_tenant_seal_key UNIQUE (tenant, seal_key);


--
-- Name: model uq_model_name_version; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_name_version UNIQUE (name, version);


--
-- Name: model uq_model_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_public_id UNIQUE (public_id);


--
-- Name: model uq_model_sha256; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model
    ADD CONSTRAINT uq_model_sha256 UNIQUE (sha256);


--
-- Name: webhook_delivery uq_webhook_delivery_event_id_endpoint_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT uq_webhook_delivery_event_id_endpoint_id UNIQUE (event_id, endpoint_id);


--
-- Name: webhook_endpoint uq_webhook_endpoint_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_endpoint
    ADD CONSTRAINT uq_webhook_endpoint_public_id UNIQUE (public_id);


--
-- Name: webhook_event uq_webhook_event_public_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_event
    ADD CONSTRAINT uq_webhook_event_public_id UNIQUE (public_id);


--
-- Name: ix_item_event; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_event ON public.item USING btree (job_id, event_id) WHERE (event_id IS NOT NULL);


--
-- Name: ix_item_job_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_job_state ON public.item USING btree (job_id, state, verdict);


--
-- Name: ix_item_leased; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_leased ON public.item USING btree (lease_until) WHERE (state = 1);


--
-- Name: ix_item_ready_job; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_ready_job ON public.item USING btree (job_id, next_at, id) WHERE (state = 0);


--
-- Name: ix_item_ready_queue; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_ready_queue ON public.item USING btree (queue, next_at) WHERE (state = 0);


--
-- Name: ix_item_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_item_sha256 ON public.item USING btree (sha256);


--
-- Name: ix_job_active; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_active ON public.job USING btree (priority, id) WHERE (finished_at IS NULL);


--
-- Name: ix_job_tenant_page; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_job_tenant_page ON public.job USING btree (tenant, created_at, id);


--
-- Name: ix_model_activation_model_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_model_activation_model_id ON public.model_activation USING btree (model_id);


--
-- Name: ix_url_fetch_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_url_fetch_due ON public.url_fetch USING btree (job_id, host, next_at, item_id);


--
-- Name: ix_url_fetch_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_url_fetch_held ON public.url_fetch USING btree (host) WHERE (token IS NOT NULL);


--
-- Name: ix_webhook_attempt_delivery_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_attempt_delivery_id ON public.webhook_attempt USING btree (delivery_id);


--
-- Name: ix_webhook_delivery_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_delivery_due ON public.webhook_delivery USING btree (endpoint_id, next_at) WHERE ((status)::text = 'pending'::text);


--
-- Name: ix_webhook_delivery_leased; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_delivery_leased ON public.webhook_delivery USING btree (endpoint_id, lease_until) WHERE (lease_until IS NOT NULL);


--
-- Name: ix_webhook_delivery_page; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_delivery_page ON public.webhook_delivery USING btree (endpoint_id, id);


--
-- Name: ix_webhook_endpoint_tenant; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_endpoint_tenant ON public.webhook_endpoint USING btree (tenant, id);


--
-- Name: ix_webhook_event_created_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhook_event_created_at ON public.webhook_event USING btree (created_at);


--
-- Name: uq_model_active; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_model_active ON public.model USING btree (active) WHERE active;


--
-- Name: item item_event; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER item_event BEFORE INSERT OR UPDATE OF state ON public.item FOR EACH ROW WHEN (((new.state = 2) AND (new.event_id IS NULL))) EXECUTE FUNCTION public.number_item_event();


--
-- Name: item fk_item_job_id_job; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT fk_item_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;


--
-- Name: job fk_job_parent_id_job; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT fk_job_parent_id_job FOREIGN KEY (parent_id) REFERENCES public.job(id) ON DELETE SET NULL;


--
-- Name: job_tally fk_job_tally_job_id_job; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_tally
    ADD CONSTRAINT fk_job_tally_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;


--
-- Name: model_activation fk_model_activation_model_id_model; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_activation
    ADD CONSTRAINT fk_model_activation_model_id_model FOREIGN KEY (model_id) REFERENCES public.model(id) ON DELETE CASCADE;


--
-- Name: model_activation fk_model_activation_previous_id_model; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_activation
    ADD CONSTRAINT fk_model_activation_previous_id_model FOREIGN KEY (previous_id) REFERENCES public.model(id) ON DELETE SET NULL;


--
-- Name: model_canary fk_model_canary_model_id_model; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.model_canary
    ADD CONSTRAINT fk_model_canary_model_id_model FOREIGN KEY (model_id) REFERENCES public.model(id) ON DELETE CASCADE;


--
-- Name: outcome fk_outcome_item_id_item; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outcome
    ADD CONSTRAINT fk_outcome_item_id_item FOREIGN KEY (item_id) REFERENCES public.item(id) ON DELETE CASCADE;


--
-- Name: url_fetch fk_url_fetch_item_id_item; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.url_fetch
    ADD CONSTRAINT fk_url_fetch_item_id_item FOREIGN KEY (item_id) REFERENCES public.item(id) ON DELETE CASCADE;


--
-- Name: url_fetch fk_url_fetch_job_id_job; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.url_fetch
    ADD CONSTRAINT fk_url_fetch_job_id_job FOREIGN KEY (job_id) REFERENCES public.job(id) ON DELETE CASCADE;


--
-- Name: webhook_attempt fk_webhook_attempt_delivery_id_webhook_delivery; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_attempt
    ADD CONSTRAINT fk_webhook_attempt_delivery_id_webhook_delivery FOREIGN KEY (delivery_id) REFERENCES public.webhook_delivery(id) ON DELETE CASCADE;


--
-- Name: webhook_delivery fk_webhook_delivery_endpoint_id_webhook_endpoint; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT fk_webhook_delivery_endpoint_id_webhook_endpoint FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoint(id) ON DELETE CASCADE;


--
-- Name: webhook_delivery fk_webhook_delivery_event_id_webhook_event; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT fk_webhook_delivery_event_id_webhook_event FOREIGN KEY (event_id) REFERENCES public.webhook_event(id) ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--

\unrestrict SmqfwuSRF3FH8TNN8LuJZ6PDog4OCW66sFig3TgoZ2hoyohhd0TcBYObkcC7FUH

